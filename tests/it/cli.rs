//! The real program on a real data folder, as operators and auditors use it.
//!
//! `run` starts a command and keeps what it said; each other module is one part of the command
//! line: its usage, its life beside a server and alone, and what each command promises.

mod canaries;
mod erasing;
mod exporting;
mod features;
mod first_desk;
mod importing;
mod keys;
mod life;
mod owners;
mod parked;
mod places;
mod pooling;
mod rebuilding;
mod redacting;
mod replaying;
mod run;
mod scripts;
mod snoozing;
mod tenants;
mod tls;
mod traces;
mod unattended;
mod unit;
mod usage;
