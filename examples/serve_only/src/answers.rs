//! Lines in, lines out.

use std::fmt;
use std::io::{BufRead, ErrorKind, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use psad_core::{Request, Reranker, Slate};
use rayon::ThreadPool;
use rayon::prelude::*;
use serde_json::json;

use crate::latencies::Latencies;

/// Most lines that are held in memory at a time.
const MOST: usize = 1024;

/// What was answered.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    latencies: Latencies,
    refused: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { latencies, refused } = self;
        write!(
            formatter,
            "{} answered, {refused} refused; a request without its JSON took {latencies}",
            latencies.count()
        )
    }
}

/// Answers until the input ends. Lines that have arrived together are spread over the threads of the pool.
pub(crate) fn serve(
    reranker: &(impl Reranker + ?Sized),
    len: usize,
    pool: &ThreadPool,
    mut input: impl BufRead + Buffered,
    mut output: impl Write,
) -> Result<Tally> {
    let mut tally = Tally::default();
    loop {
        let lines = arrived(&mut input).context("reading a request")?;
        if lines.is_empty() {
            return Ok(tally);
        }
        let answers: Vec<_> = pool.install(|| lines.par_iter().map(|line| answer(reranker, line, len)).collect());
        let mut lines = String::new();
        for (line, time) in answers {
            match time {
                Some(time) => tally.latencies.add(time),
                None => tally.refused += 1,
            }
            lines.push_str(&line);
            lines.push('\n');
        }
        // Whoever waits for an answer before the next request gets it.
        match output.write_all(lines.as_bytes()).and_then(|()| output.flush()) {
            // Whoever read the answers has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(tally),
            written => written.context("writing an answer")?,
        }
    }
}

/// A reader that says what it holds already.
pub(crate) trait Buffered {
    /// What has been read ahead.
    fn ahead(&self) -> &[u8];
}

impl<R: std::io::Read> Buffered for std::io::BufReader<R> {
    fn ahead(&self) -> &[u8] {
        self.buffer()
    }
}

/// Waits for one line, and takes the whole lines that came with it. None at the end of the input.
fn arrived(input: &mut (impl BufRead + Buffered)) -> std::io::Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(lines);
        }
        lines.push(line);
        if lines.len() == MOST || !input.ahead().contains(&b'\n') {
            return Ok(lines);
        }
    }
}

/// The line that answers a line, and how long the reranker took; `None` if it was refused.
fn answer(reranker: &(impl Reranker + ?Sized), request: &[u8], len: usize) -> (String, Option<Duration>) {
    let request = match serde_json::from_slice::<Request>(request.trim_ascii()) {
        Ok(request) => request,
        Err(error) => return (refusal(&error), None),
    };
    let begin = Instant::now();
    let slate = reranker.rerank(&request, len);
    let time = begin.elapsed();
    match slate {
        Ok(slate) => (line(&slate), Some(time)),
        Err(error) => (refusal(&error), None),
    }
}

/// A slate as a line.
pub(crate) fn line(slate: &Slate) -> String {
    json!({ "slate": slate.as_slice() }).to_string()
}

fn refusal(error: &dyn std::error::Error) -> String {
    json!({ "error": error.to_string() }).to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use psad_core::from_fn;
    use rayon::ThreadPoolBuilder;

    use super::*;

    const REQUEST: &str = r#"{"user":{"sparse":[],"dense":[]},
        "history":{"items":{"count":0,"sparse":[[]],"dense":[]},"feedback":[]},
        "candidates":{"items":{"count":3,"sparse":[[1,2,3]],"dense":[]},"scores":[0.3,0.2,0.1]}}"#;

    #[test]
    fn every_line_is_answered_in_its_place() {
        let request = REQUEST.replace('\n', "");
        let reversed = from_fn(|request, len| {
            let places = (0..request.candidates().len()).rev().take(len).collect::<Vec<_>>();
            Ok(Slate::new(places, request.candidates().len())?)
        });
        let lines = format!("{request}\nno request\n\n{request}");
        for threads in [1, 3] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            // So small that lines do not fit, and so large that all do.
            for capacity in [7, 1 << 16] {
                let input = BufReader::with_capacity(capacity, Cursor::new(&lines));
                let mut output = Vec::new();
                let tally = serve(&reversed, 2, &pool, input, &mut output).unwrap();
                let output = String::from_utf8(output).unwrap();
                let answers: Vec<_> = output.lines().collect();
                assert_eq!((answers[0], answers[3]), (r#"{"slate":[2,1]}"#, r#"{"slate":[2,1]}"#));
                assert!(answers[1..3].iter().all(|line| line.starts_with(r#"{"error":"#)));
                assert_eq!((answers.len(), tally.latencies.count(), tally.refused), (4, 2, 2));
            }
        }
    }
}
