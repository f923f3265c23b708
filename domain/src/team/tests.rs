//! What is true of the team.
