//! Any bytes: a model or a typed error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use psad_serve_fuzz::serving::load_and_answer;

fuzz_target!(|bytes: &[u8]| load_and_answer(bytes));
