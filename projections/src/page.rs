//! Pages of long lists: at most so many rows, going on after a key.

/// The most rows of one page.
pub const PAGE_ROWS_MAX: usize = 1_000;

/// A page of rows, and whether there are more behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows, in order.
    pub rows: Vec<T>,
    /// Whether there are more behind them.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// Of one row more than was asked for, if there was one.
    pub(crate) fn of(mut rows: Vec<T>, limit: usize) -> Self {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        Self { rows, has_more }
    }
}

/// One row more than asked for, to see whether there are more.
pub(crate) fn rows_to_read(limit: usize) -> i64 {
    i64::try_from(limit.min(PAGE_ROWS_MAX) + 1).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_whether_there_is_more() {
        assert_eq!(Page::of(vec![1, 2, 3], 2), Page { rows: vec![1, 2], has_more: true });
        assert_eq!(Page::of(vec![1, 2], 2), Page { rows: vec![1, 2], has_more: false });
    }
}
