//! What is true of the desk.
