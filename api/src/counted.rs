//! Counts with their nouns, as a person would say them: `1 event`, `2 events`.

/// So many of something; more or fewer than one are said with an `s`, or `es` where one ends so.
#[must_use]
pub fn counted<N: TryInto<u64> + std::fmt::Display + Copy>(count: N, noun: &str) -> String {
    let ending = match count.try_into() {
        Ok(1) => "",
        Ok(_) | Err(_) if noun.ends_with('s') => "es",
        Ok(_) | Err(_) => "s",
    };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_said_without_the_ending_of_many() {
        assert_eq!(counted(0_u64, "event"), "0 events");
        assert_eq!(counted(1_i64, "signed checkpoint"), "1 signed checkpoint");
        assert_eq!(counted(2_usize, "row"), "2 rows");
        assert_eq!(counted(1_usize, "address"), "1 address");
        assert_eq!(counted(3_usize, "address"), "3 addresses");
    }
}
