//! How long a body says that it is.

use hyper::body::Body;

/// Bytes to set aside for what a body still announces, once some of it has come: then it is not copied again and again as
/// it grows. With fewer than this at most, bodies of a usual size would be; with more, whoever announces much and sends
/// little would cost much memory.
pub(crate) fn room_for_rest(body: &impl Body) -> usize {
    const MOST: usize = 256 * 1024;
    usize::try_from(body.size_hint().lower()).map_or(MOST, |announced| announced.min(MOST))
}
