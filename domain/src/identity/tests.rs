//! Given what happened, when something is asked, then what happens.
