//! What is true of the agent.
