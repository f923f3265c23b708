//! Full text search over messages, conversations, customers and articles.
