//! Teams and their members.
//!
//! Read `rows` (what stands in the table), `fold` (how events change it), then `read`.

mod read;
mod rows;

pub use self::{
    read::{TeamKey, by_ids, list, of_agents},
    rows::TeamRow,
};
