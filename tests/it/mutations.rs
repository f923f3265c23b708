//! Every mutation through the schema on a real database: what callers can rely on.

mod chains;
mod conversation;
mod customer;
mod desk;
mod elsewhere;
mod intake;
mod merge;
mod profiles;
mod race;
mod receiving;
mod redaction;
mod setup;
mod signing_in;
mod staffing;
mod unseen;
