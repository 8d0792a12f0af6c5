//! Published rerankers to compare with: MLP, DLCM, PRM, SetRank, Seq2Slate, MIR, and heuristics.
