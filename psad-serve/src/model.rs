//! A model file, ready to answer.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use psad_core::{ModelFile, ModelFileError, Schema};
use psad_decode::Strategy;

use crate::affine::Linear;
use crate::config::{Nar4RecConfig, PsadConfig};
use crate::encoder::Encoder;
use crate::generator::Generator;
use crate::guidance::Guidance;
use crate::influence::PairInfluence;
use crate::matching::Matching;
use crate::scorer::Scorer;
use crate::served::Head;
use crate::source::Source;
use crate::strategy::of_one_answer;
use crate::{Dispatch, ServeError, Served, golden};

/// Packed weights and tables of a saved model. Cloning shares them.
#[derive(Clone)]
pub struct Model(Arc<Parts>);

/// Everything that rerankers of one model share.
pub(crate) struct Parts {
    /// Tells the user states of models apart.
    pub(crate) id: u64,
    pub(crate) schema: Schema,
    pub(crate) dispatch: Dispatch,
    pub(crate) encoder: Encoder,
    pub(crate) decoders: Decoders,
}

/// Scores, and what what is placed does to them: PSAD-S, or what PSAD-G starts from.
#[derive(Clone)]
pub(crate) struct Scores {
    pub(crate) scorer: Arc<Scorer>,
    pub(crate) influence: Option<Arc<PairInfluence>>,
}

/// What a student learned from its teacher.
pub(crate) struct Guide {
    /// Starts from the scores.
    pub(crate) scorer: Scorer,
    /// Stands beside the influence; there is none without that.
    pub(crate) guidance: Option<Guidance>,
}

/// PSAD-S.
pub(crate) struct Student {
    /// What is known of clicks.
    pub(crate) clicks: Scores,
    /// What is added to that to pick as the teacher does.
    pub(crate) guide: Option<Guide>,
    /// How often a slate that is picked is improved.
    pub(crate) sweeps: usize,
}

/// Teacher and student.
pub(crate) struct Psad {
    pub(crate) student: Arc<Student>,
    pub(crate) base: Scores,
    pub(crate) exposure: Option<Linear>,
    pub(crate) generator: Arc<Generator>,
    pub(crate) block_size: usize,
    pub(crate) strategy: Strategy,
}

/// What reads the encoding.
pub(crate) enum Decoders {
    Psad(Box<Psad>),
    Nar4Rec { matching: Arc<Matching>, strategy: Strategy },
}

impl Model {
    /// Reads a file, verifies its checksum, and replays its golden request: what this program computes must be what the
    /// one computed that wrote the file. While it is read, the file is held beside the model: some twice the file's size in
    /// all, and once afterwards.
    ///
    /// # Errors
    /// [`ServeError`] for a file that is truncated, changed, of another version or of an unknown kind, or whose golden
    /// answers do not come out.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ServeError> {
        Self::from_file(&ModelFile::load(path)?)
    }

    /// As [`Model::load`], for a file in memory.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_file(file: &ModelFile) -> Result<Self, ServeError> {
        Self::with_dispatch(file, Dispatch::best())
    }

    /// As [`Model::from_file`], with other instructions than the widest that the processor has.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn with_dispatch(file: &ModelFile, dispatch: Dispatch) -> Result<Self, ServeError> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let (header, source) = (file.header(), Source::new(file, dispatch));
        let schema = header.schema.clone();
        let (encoder, decoders) = match header.kind.as_str() {
            "psad" => psad(&source, &PsadConfig::read(&header.config)?, &schema)?,
            "nar4rec" => nar4rec(&source, Nar4RecConfig::read(&header.config)?, &schema)?,
            found => return Err(ServeError::Kind { found: found.to_owned() }),
        };
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let model = Self(Arc::new(Parts { id, schema, dispatch, encoder, decoders }));
        golden::replay(&model, header.golden.as_ref())?;
        Ok(model)
    }

    pub(crate) fn decoders(&self) -> &Decoders {
        &self.0.decoders
    }

    /// What the model expects of a request.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    /// The instructions that it uses.
    pub fn dispatch(&self) -> Dispatch {
        self.0.dispatch
    }

    /// Its kind, as the header of its file names it.
    pub fn kind(&self) -> &'static str {
        match self.0.decoders {
            Decoders::Psad(_) => "psad",
            Decoders::Nar4Rec { .. } => "nar4rec",
        }
    }

    /// The reranker that one would serve: PSAD-S, or NAR4Rec with the strategy of its configuration.
    pub fn reranker(&self) -> Served {
        match &self.0.decoders {
            Decoders::Psad(psad) => self.serve(Head::Student(psad.student.clone())),
            Decoders::Nar4Rec { matching, strategy } => {
                self.serve(Head::Matching { matching: matching.clone(), strategy: strategy.clone() })
            }
        }
    }

    /// PSAD-S: one encoder pass, the scorer and what its teacher taught it; improved as the configuration says.
    ///
    /// # Errors
    /// [`ServeError::NoReranker`] if the model is none of PSAD.
    pub fn student(&self) -> Result<Served, ServeError> {
        match &self.0.decoders {
            Decoders::Psad(psad) => Ok(self.serve(Head::Student(psad.student.clone()))),
            Decoders::Nar4Rec { .. } => Err(self.without("PSAD-S")),
        }
    }

    /// PSAD-G: one encoder pass and a decoder step per block of the trained size, decoded as its configuration says.
    ///
    /// # Errors
    /// [`ServeError::NoReranker`] if the model is none of PSAD.
    pub fn teacher(&self) -> Result<Served, ServeError> {
        match &self.0.decoders {
            Decoders::Psad(psad) => self.teacher_with(psad.block_size, psad.strategy.clone()),
            Decoders::Nar4Rec { .. } => Err(self.without("PSAD-G")),
        }
    }

    /// PSAD-G with blocks of another size, and another decoding strategy; of several slates it answers the first, the
    /// best of a beam. Slots beyond the trained block size share its last slot's vector.
    ///
    /// # Errors
    /// [`ServeError::NoReranker`] if the model is none of PSAD, [`ServeError::BlockSize`],
    /// [`ServeError::Strategy`] or [`ServeError::Beam`].
    pub fn teacher_with(&self, block_size: usize, strategy: Strategy) -> Result<Served, ServeError> {
        if block_size == 0 {
            return Err(ServeError::BlockSize);
        }
        let strategy = of_one_answer(strategy)?;
        match &self.0.decoders {
            Decoders::Psad(psad) => {
                let (base, generator) = (psad.base.clone(), psad.generator.clone());
                Ok(self.serve(Head::Teacher { base, generator, block_size, strategy }))
            }
            Decoders::Nar4Rec { .. } => Err(self.without("PSAD-G")),
        }
    }

    /// NAR4Rec with another decoding strategy on the same matrix.
    ///
    /// # Errors
    /// [`ServeError::NoReranker`] if the model is none of NAR4Rec, [`ServeError::Strategy`] or
    /// [`ServeError::Beam`].
    pub fn matching_with(&self, strategy: Strategy) -> Result<Served, ServeError> {
        let strategy = of_one_answer(strategy)?;
        match &self.0.decoders {
            Decoders::Nar4Rec { matching, .. } => {
                Ok(self.serve(Head::Matching { matching: matching.clone(), strategy }))
            }
            Decoders::Psad(_) => Err(self.without("NAR4Rec")),
        }
    }

    fn serve(&self, head: Head) -> Served {
        Served::new(self.0.clone(), head)
    }

    fn without(&self, reranker: &'static str) -> ServeError {
        ServeError::NoReranker { kind: self.kind(), reranker }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Model")
            .field("kind", &self.kind())
            .field("dispatch", &self.0.dispatch)
            .finish_non_exhaustive()
    }
}

fn psad(source: &Source<'_>, config: &PsadConfig, schema: &Schema) -> Result<(Encoder, Decoders), ServeError> {
    let (width, profile) = (config.encoder.width, config.encoder.profile_width(schema));
    let block_size = config.block_size(schema);
    let encoder = Encoder::read(source, &config.encoder, schema)?;
    let sizes = [profile, block_size, schema.max_candidates()];
    let generator = Generator::read(&source.part("generator"), config, sizes)?;
    let scorer = |name: &str| Scorer::read(&source.part(name), width, profile, &config.scorer_hidden);
    let [influence, guidance] = ["influence", "guidance"].map(|name| source.part(name));
    let influence = config.influence.then(|| PairInfluence::read(&influence, width, schema.max_candidates()));
    let influence = influence.transpose()?.map(Arc::new);
    let clicks = Scores { scorer: Arc::new(scorer("scorer")?), influence: influence.clone() };
    let guide = || {
        let guidance =
            config.influence.then(|| Guidance::read(&guidance, width, schema.max_candidates())).transpose()?;
        Ok::<_, ModelFileError>(Guide { scorer: scorer("guide")?, guidance })
    };
    let guide = config.guide.then(guide).transpose()?;
    let base = Scores { scorer: Arc::new(scorer("base")?), influence };
    let exposure = source.part("exposure");
    let exposure = config.exposure.then(|| exposure.affine("slots", profile, schema.max_candidates())).transpose()?;
    let decoders = Decoders::Psad(Box::new(Psad {
        student: Arc::new(Student { clicks, guide, sweeps: config.refinement }),
        base,
        exposure: exposure.map(|exposure| exposure.pack(source.dispatch)),
        generator: Arc::new(generator),
        block_size,
        strategy: config.strategy(),
    }));
    Ok((encoder, decoders))
}

fn nar4rec(source: &Source<'_>, config: Nar4RecConfig, schema: &Schema) -> Result<(Encoder, Decoders), ServeError> {
    let profile = config.encoder.profile_width(schema);
    let encoder = Encoder::read(source, &config.encoder, schema)?;
    let matching = Matching::read(&source.part("generator"), &config, [profile, schema.max_candidates()])?;
    Ok((encoder, Decoders::Nar4Rec { matching: Arc::new(matching), strategy: config.strategy }))
}
