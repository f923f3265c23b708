//! Customers: their profile without any personal text.
//!
//! Read `rows` (what stands in the table), `fold` (how events change it), then `read`.

mod read;
mod rows;

pub use self::{
    read::{CustomerFilter, CustomerKey, by_ids, list},
    rows::{CustomerRow, LinkedIdentity},
};
