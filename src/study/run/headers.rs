//! What columns of the summary are called, with their units.

/// Free energy, wherever it is an axis.
pub(super) const ENERGY: &str = "free energy, nats an image";

/// Measures with the headers of the summary, in its order.
pub(super) const HEADERS: &[(&str, &str)] = &[
    ("free_energy", ENERGY),
    ("bce", "BCE, nats an image"),
    ("updates", "updates"),
    ("rest_updates", "updates to rest"),
    ("operations", "operations an image"),
    ("messages", "messages an image"),
    ("seconds", "seconds an image"),
    ("rest_operations", "operations to rest"),
    ("rest_messages", "messages to rest"),
    ("rest_seconds", "seconds to rest"),
    ("rest_found", "share of presentations in which lock-step came to rest"),
    ("rest_free_energy", "free energy at the rest of lock-step"),
    ("distance", "distance to the rest of lock-step, largest"),
    ("distance_rms", "distance, root mean square"),
    ("movement", "movement in the last update"),
    ("free_energy_at_equal_operations", "free energy at equal operations"),
    ("free_energy_at_equal_messages", "free energy at equal messages"),
    ("free_energy_at_equal_seconds", "free energy at equal seconds"),
    ("rises", "updates at which F rose"),
    ("monotone", "share of presentations in which F never rose"),
    ("oscillation_frequency", "oscillation, cycles in 1,000 ticks"),
    ("oscillation_amplitude", "oscillation, amplitude"),
    ("oscillation_decay", "oscillation, factor of half a cycle"),
    ("oscillation_share", "share of images that swing"),
    ("mmse", "squared error of the hidden half"),
    ("classification_error", "classification error"),
    ("staleness", "staleness, firings"),
    ("staleness_max", "staleness, greatest"),
    ("unheard", "unheard, firings"),
    ("unheard_max", "unheard, greatest"),
];
