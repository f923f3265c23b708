//! Pages of long lists: at most so many rows, going on after a key or ending before one.

/// The most rows of one page.
pub const PAGE_ROWS_MAX: usize = 1_000;

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<K> {
    /// Only what comes after this key.
    pub after: Option<K>,
    /// Only what comes before this key.
    pub before: Option<K>,
    /// Whether rows are counted from the end of that.
    pub from_end: bool,
    /// How many rows.
    pub limit: usize,
}

impl<K> Span<K> {
    /// The first rows after a key, or of the whole list.
    #[must_use]
    pub fn first(after: Option<K>, limit: usize) -> Self {
        Self { after, before: None, from_end: false, limit }
    }

    /// The last rows before a key, or of the whole list.
    #[must_use]
    pub fn last(before: Option<K>, limit: usize) -> Self {
        Self { after: None, before, from_end: true, limit }
    }

    /// Of these two statements, the one that begins at the right end.
    pub(crate) fn either<'s>(&self, from_begin: &'s str, from_end: &'s str) -> &'s str {
        if self.from_end { from_end } else { from_begin }
    }
}

/// A page of rows, and whether there are more in the direction of reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows, in the order of the list.
    pub rows: Vec<T>,
    /// Whether there are more behind them; before them, where they were counted from the end.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// Of one row more than was asked for, if there was one.
    pub(crate) fn of(mut rows: Vec<T>, limit: usize) -> Self {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        Self { rows, has_more }
    }

    /// Of rows as a statement gave them, from either end of the list.
    pub(crate) fn spanning<K>(rows: Vec<T>, span: &Span<K>) -> Self {
        let mut page = Self::of(rows, span.limit);
        if span.from_end {
            page.rows.reverse();
        }
        page
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

    #[test]
    fn a_page_from_the_end_is_in_the_order_of_the_list() {
        let span = Span::last(Some(9), 2);
        assert_eq!(Page::spanning(vec![8, 7, 6], &span), Page { rows: vec![7, 8], has_more: true });
    }
}
