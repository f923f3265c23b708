//! Churn features, point in time.
