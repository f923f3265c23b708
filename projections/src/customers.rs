//! Customers: their profile without any personal text.
//!
//! Read `rows` (what stands in the table), `fold` (how events change it), then `read`.

mod fold;
mod read;
mod rows;

pub use self::{
    fold::Customers,
    read::{CustomerFilter, CustomerKey, by_ids, list},
    rows::{CustomerRow, LinkedIdentity},
};

use crate::fold::{PoisonPolicy, Projection};

/// Customers.
pub const PROJECTION: Projection = Projection {
    name: "customers",
    version: 2,
    stream_types: &["customer"],
    poison: PoisonPolicy::Park,
    tables: &["customers"],
    create: include_str!("../schema/customers/tables.sql"),
    index: include_str!("../schema/customers/index.sql"),
    fold: || Box::<Customers>::default(),
};
