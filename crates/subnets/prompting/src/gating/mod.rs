//! Who is asked: a linear head over a prompt's embedding learns who answers what well ([`head`]), and a rule makes a
//! choice of its scores ([`route`]).

pub mod head;
pub mod route;
