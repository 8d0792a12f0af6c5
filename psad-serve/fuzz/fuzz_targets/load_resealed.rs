//! What lies behind the checksum: header and tensors are changed each for itself, and the file is sealed again.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use psad_serve_fuzz::mutate::mutate;
use psad_serve_fuzz::parts::Parts;
use psad_serve_fuzz::serving::load_and_answer;

fuzz_target!(|bytes: &[u8]| {
    if let Some(parts) = Parts::read(bytes) {
        load_and_answer(&parts.write());
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    match mutate(&data[..size], u64::from(seed), &bytes).filter(|file| file.len() <= max_size) {
        Some(file) => {
            data[..file.len()].copy_from_slice(&file);
            file.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});

/// The fuzzer's own changes, on a part of a file.
fn bytes(data: &mut Vec<u8>, most: usize) {
    let size = data.len();
    data.resize(most.max(size).max(1), 0);
    let room = data.len();
    let left = fuzzer_mutate(data, size, room);
    data.truncate(left);
}
