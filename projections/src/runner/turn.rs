//! What came of one turn of a projection's task.

/// What a turn came to.
pub(super) enum Turn {
    /// A batch was applied, or the place to go on from was found.
    Moved,
    /// There is nothing to do.
    Idle,
    /// Another process is at it.
    Held,
    /// The tables belong to an older version of the program.
    Older,
    /// The tables belong to a newer version of the program.
    Newer,
}
