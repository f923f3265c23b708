//! What is true of the customer.
