//! Figures beside those of the original, which computes in single precision.

/// Fails where a figure is not the original's to a millionth.
#[track_caller]
pub(crate) fn near(ours: f64, theirs: f64) {
    within(ours, theirs, 1e-6);
}

/// The same for figures of which single precision keeps fewer digits.
#[track_caller]
pub(crate) fn within(ours: f64, theirs: f64, tolerance: f64) {
    let distance = (ours - theirs).abs();
    assert!(
        distance <= tolerance * theirs.abs().max(1e-9),
        "{ours} where {theirs} should be"
    );
}

/// The same for lists.
#[track_caller]
pub(crate) fn all_near(ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{ours:?} {theirs:?}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        near(*ours, *theirs);
    }
}
