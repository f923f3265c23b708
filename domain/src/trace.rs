//! The trace that a request is part of, by the grammar of W3C Trace Context.

use std::{fmt, str::FromStr};

/// A `traceparent`: which trace, which span of it sent the request, and whether it is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Traceparent {
    /// The trace; never 0.
    pub trace_id: u128,
    /// The span that sent the request; never 0.
    pub parent_id: u64,
    /// What else is known of the trace, by bits; the lowest says that it is sampled.
    pub flags: u8,
}

/// A text that is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no traceparent")]
pub struct NoTraceparent;

/// How long one is in the version that is known.
const BYTES: usize = 55;
/// The one flag that versions to come keep.
const SAMPLED: u8 = 1;

impl FromStr for Traceparent {
    type Err = NoTraceparent;

    /// Reads the known version, and of later ones what is promised to stay.
    fn from_str(text: &str) -> Result<Self, NoTraceparent> {
        let (known, more) = text.split_at_checked(BYTES).ok_or(NoTraceparent)?;
        let mut parts = known.split('-');
        let mut next = |digits: usize| hex(parts.next()?, digits);
        let mut read = || Some((next(2)?, next(32)?, next(16)?, next(2)?));
        let (version, trace_id, parent_id, flags) = read().ok_or(NoTraceparent)?;
        let more_fits = more.is_empty() || version > 0 && more.starts_with('-');
        if version == 0xff || !more_fits || trace_id == 0 || parent_id == 0 {
            return Err(NoTraceparent);
        }
        let flags = u8::try_from(flags).map_err(|_| NoTraceparent)?;
        Ok(Self {
            trace_id,
            parent_id: u64::try_from(parent_id).map_err(|_| NoTraceparent)?,
            flags: if version == 0 { flags } else { flags & SAMPLED },
        })
    }
}

/// So many lower case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let fits = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
    let all_fit = text.len() == digits && text.bytes().all(fits);
    all_fit.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl fmt::Display for Traceparent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.parent_id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn what_fits_the_grammar_reads_and_nothing_else() {
        for good in [format!("00-{TRACE}-{SPAN}-01"), format!("00-{TRACE}-{SPAN}-00")] {
            assert_eq!(good.parse::<Traceparent>().unwrap().to_string(), good);
        }
        let zeros = "0".repeat(32);
        for bad in [
            String::new(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-what"),
            format!("00-{TRACE}-{SPAN}-01 "),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-0{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-+{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-{TRACE}-{SPAN}-0é"),
        ] {
            assert_eq!(bad.parse::<Traceparent>(), Err(NoTraceparent), "{bad}");
        }
    }

    #[test]
    fn of_a_later_version_what_stays_is_read() {
        let known = format!("00-{TRACE}-{SPAN}-01");
        for later in [format!("01-{TRACE}-{SPAN}-03"), format!("cc-{TRACE}-{SPAN}-09-and-more")] {
            assert_eq!(later.parse::<Traceparent>().unwrap().to_string(), known, "{later}");
        }
        assert!(format!("cc-{TRACE}-{SPAN}-01.more").parse::<Traceparent>().is_err());
    }

    proptest! {
        #[test]
        fn each_reads_back_as_it_was_written(
            trace_id in 1u128..,
            parent_id in 1u64..,
            flags in any::<u8>(),
        ) {
            let one = Traceparent { trace_id, parent_id, flags };
            prop_assert_eq!(one.to_string().parse(), Ok(one));
        }
    }
}
