//! Churn features: the history of each customer, kept current, free of what came later.
//!
//! Read `allhours_domain::features` (what a history and its features are), then `fold`.

mod fold;
pub mod past;
mod read;
mod rows;

pub use self::{
    fold::ChurnFeatures,
    read::{by_ids, of_person},
    rows::HistoryRow,
};

use crate::fold::{PoisonPolicy, Projection};

/// Churn features.
pub const PROJECTION: Projection = Projection {
    name: "churn_features",
    version: 2,
    stream_types: &["conversation", "customer"],
    poison: PoisonPolicy::Park,
    tables: &["churn_features", "churn_owners"],
    create: include_str!("../schema/churn_features/tables.sql"),
    index: include_str!("../schema/churn_features/index.sql"),
    fold: || Box::<ChurnFeatures>::default(),
};
