//! How deep a document nests, told without parsing it.
//!
//! The parser goes one call deeper for each bracket, so that a short text of nothing but brackets
//! would end the stack and with it the process. What is too deep is never parsed.

/// The deepest nesting of brackets that is parsed: far more than the limits on documents allow,
/// far less than any stack.
const DEPTH_MAX: usize = 100;

/// Whether brackets stand in brackets too often; those in strings and comments are text.
#[must_use]
pub fn is_too_deep(document: &str) -> bool {
    let mut rest = document.as_bytes();
    let mut depth = 0_usize;
    while let [first, after @ ..] = rest {
        rest = match first {
            b'"' => after_string(after),
            b'#' => after_any(after, |byte| matches!(byte, b'\n' | b'\r')),
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
                after
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    false
}

/// What follows a string whose first quote has been read.
fn after_string(text: &[u8]) -> &[u8] {
    if let Some(mut block) = text.strip_prefix(br#""""#) {
        while !block.is_empty() {
            if let Some(after) = block.strip_prefix(br#"""""#) {
                return after;
            }
            block = block.strip_prefix(br#"\""""#).unwrap_or(&block[1..]);
        }
        return block;
    }
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = match first {
            b'"' => return after,
            // A string ends with its line, be it closed or not.
            b'\n' | b'\r' => return rest,
            b'\\' => after.get(1..).unwrap_or_default(),
            _ => after,
        };
    }
    rest
}

fn after_any(text: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|byte| ends(*byte)).unwrap_or(text.len());
    &text[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_brackets_are_counted_and_those_side_by_side_are_not() {
        assert!(!is_too_deep(&"{".repeat(DEPTH_MAX)));
        for open in ["{", "[", "(", "{a(b:[{c:", "\"\"{", "\"x\\\"\"{", "#\n{", "\"\n{"] {
            assert!(is_too_deep(&open.repeat(DEPTH_MAX + 1)), "{open}");
        }
        assert!(!is_too_deep(&"{a}[b](c)".repeat(10 * DEPTH_MAX)));
    }

    #[test]
    fn brackets_in_strings_and_comments_are_text() {
        let brackets = "{[(".repeat(DEPTH_MAX);
        for text in [
            format!("{{ a(b: \"{brackets}\") }}"),
            format!("{{ a(b: \"\\\"{brackets}\") }}"),
            format!("{{ a(b: \"\"\"x \" \n {brackets} \\\"\"\" {brackets}\"\"\") }}"),
            format!("# {brackets} \" \n{{ a }}"),
        ] {
            assert!(!is_too_deep(&text), "{text}");
            let after = format!("{text}{brackets}");
            assert!(is_too_deep(&after), "{after}");
        }
    }
}
