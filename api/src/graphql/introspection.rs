//! What introspection may ask for: its lists lead to one another, and each multiplies the answer.

/// How deep it may go: as deep as the usual question of the tools.
pub const DEPTH_MAX: u32 = 24;
/// How many of its lists may stand in one another: types, their fields, those fields' arguments.
pub const NESTED_MAX: u32 = 3;
/// How many of its lists a document may hold; the usual question has nine.
pub const LISTS_MAX: u32 = 20;

/// Whether a field of introspection is a list.
#[must_use]
pub fn is_list(field: &str) -> bool {
    const LISTS: [&str; 8] = [
        "args",
        "directives",
        "enumValues",
        "fields",
        "inputFields",
        "interfaces",
        "possibleTypes",
        "types",
    ];
    LISTS.contains(&field)
}
