//! What holds of the whole method: repeating, storing, refusing, answering.

mod answering;
mod common;
mod configuring;
mod conforming;
mod damaged;
mod golden;
mod limits;
mod methods;
mod nonconforming;
mod refusing;
mod repeating;
mod resuming;
mod storing;
mod training;
