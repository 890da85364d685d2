//! Files to start from: small, commented, and sound as they stand.

/// A circuit of this name.
///
/// # Examples
/// ```
/// let circuit = gncn::Circuit::parse(gncn::view::starters::circuit("mine").as_bytes())?;
/// assert_eq!(circuit.name(), "mine");
/// # Ok::<(), gncn::CircuitError>(())
/// ```
#[must_use]
pub fn circuit(name: &str) -> String {
    include_str!("starters/circuit.ron").replace("NAME", name)
}

/// A study of this name, of a circuit in `file`.
#[must_use]
pub fn study(name: &str, file: &str) -> String {
    include_str!("starters/study.ron").replace("NAME", name).replace("FILE", file)
}
