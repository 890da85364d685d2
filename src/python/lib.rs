//! The compiled half of the Python package `gncn`: it takes arrays and text, and hands back arrays and text. What a user
//! sees of it is written in Python, in `gncn/`.
//!
//! Every call that settles or reads lets go of the interpreter's lock. A panic of the library becomes an exception, and
//! what the library refuses becomes the exception of the same sentence ([`failure`]).

mod arrays;
mod circuit;
mod failure;
mod network;
mod outcome;
mod pool;
mod runs;
mod studies;
mod training;
mod watch;

use pyo3::prelude::*;

/// The module `gncn._native`.
#[pymodule]
#[pyo3(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<circuit::Circuit>()?;
    module.add_class::<network::Network>()?;
    module.add_class::<outcome::Log>()?;
    module.add_function(wrap_pyfunction!(pool::set_threads, module)?)?;
    module.add_function(wrap_pyfunction!(pool::threads, module)?)?;
    module.add_function(wrap_pyfunction!(circuit::messages, module)?)?;
    module.add_function(wrap_pyfunction!(runs::cpu, module)?)?;
    module.add_function(wrap_pyfunction!(runs::build, module)?)?;
    module.add_function(wrap_pyfunction!(runs::level, module)?)?;
    module.add_function(wrap_pyfunction!(runs::slower, module)?)?;
    module.add_function(wrap_pyfunction!(runs::load_weights, module)?)?;
    module.add_function(wrap_pyfunction!(runs::save_weights, module)?)?;
    module.add_function(wrap_pyfunction!(runs::load_data, module)?)?;
    module.add_function(wrap_pyfunction!(runs::open_run, module)?)?;
    module.add_function(wrap_pyfunction!(training::train_run, module)?)?;
    module.add_function(wrap_pyfunction!(runs::evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(studies::study, module)?)?;
    Ok(())
}
