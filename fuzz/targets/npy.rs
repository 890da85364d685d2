#![no_main]

#[path = "../inputs.rs"]
#[allow(dead_code, reason = "each target calls one of them")]
mod inputs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inputs::npy(bytes));
