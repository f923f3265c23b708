//! A row of a read table, and the rows that one fold has in memory.
//!
//! `table!` spells out the columns once; loading, saving, copying and comparing follow from
//! it. The statements themselves stand in `sql/<table>/`.

use std::{collections::HashMap, fmt::Debug, hash::Hash};

use tokio_postgres::types::{ToSql, Type};

use crate::{columns::Column, error::ProjectionError};

/// A parameter that owns its value.
pub type Parameter = Box<dyn ToSql + Send + Sync>;

/// The statements of one table.
#[derive(Debug, Clone, Copy)]
pub struct Statements {
    /// The rows with these keys.
    pub load: &'static str,
    /// Inserts or overwrites whole rows.
    pub save: &'static str,
    /// Copies rows into a table that holds none of them.
    pub copy: &'static str,
    /// Every row.
    pub scan: &'static str,
}

/// A row of a read table.
pub trait Row: Debug + Clone + PartialEq + Send + Sync + 'static {
    /// What tells one row from another; begins with the tenant.
    type Key: Key;
    /// The table.
    const TABLE: &'static str;
    /// The columns in the order of every statement.
    const COLUMNS: &'static [&'static str];
    /// Their types.
    const TYPES: &'static [Type];
    /// The statements.
    const STATEMENTS: Statements;
    /// Its key.
    fn key(&self) -> Self::Key;
    /// One array a column.
    fn arrays(rows: &[&Self]) -> Vec<Parameter>;
    /// One value a column.
    fn values(&self) -> Vec<Parameter>;
    /// From a row that names every column.
    ///
    /// # Errors
    ///
    /// A column is missing or does not read as the code expects.
    fn read(row: &tokio_postgres::Row) -> Result<Self, ProjectionError>;
    /// The columns in which `other` differs, with both values: ours, then theirs.
    fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)>;
}

/// What tells one row from another.
pub trait Key: Debug + Clone + Eq + Hash + Ord + Send + Sync + 'static {
    /// One array a column.
    fn arrays(keys: &[Self]) -> Vec<Parameter>;
}

macro_rules! keys {
    ($(($($name:ident $index:tt),+))+) => {$(
        impl<$($name),+> Key for ($($name,)+)
        where
            $($name: Column + Debug + Clone + Eq + Hash + Ord + Send + Sync + 'static,)+
        {
            fn arrays(keys: &[Self]) -> Vec<Parameter> {
                vec![$(Box::new(
                    keys.iter().map(|key| key.$index.store()).collect::<Vec<_>>(),
                ) as Parameter,)+]
            }
        }
    )+};
}

keys! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3, E 4)
}

/// Reads one column.
///
/// # Errors
///
/// The column is missing or does not read as the code expects.
pub fn column<T: Column>(
    row: &tokio_postgres::Row,
    table: &'static str,
    name: &'static str,
) -> Result<T, ProjectionError> {
    let stored: T::Stored =
        row.try_get(name).map_err(|_| ProjectionError::Inconsistent { table, column: name })?;
    T::restore(stored).ok_or(ProjectionError::Inconsistent { table, column: name })
}

/// Spells out a table: its row as a struct, and how the row stands in the table.
macro_rules! table {
    (
        $(#[$meta:meta])+
        $Row:ident in $table:literal by ($($key:ident: $Key:ty),+) {
            $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$meta])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Row { $($(#[doc = $doc])+ pub $field: $type,)+ }

        impl $crate::rows::Row for $Row {
            type Key = ($($Key,)+);
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field),)+];
            const TYPES: &'static [tokio_postgres::types::Type] =
                &[$(<$type as $crate::columns::Column>::TYPE,)+];
            const STATEMENTS: $crate::rows::Statements = $crate::rows::Statements {
                load: include_str!(concat!("../../sql/", $table, "/load.sql")),
                save: include_str!(concat!("../../sql/", $table, "/save.sql")),
                copy: include_str!(concat!("../../sql/", $table, "/copy.sql")),
                scan: include_str!(concat!("../../sql/", $table, "/scan.sql")),
            };

            fn key(&self) -> Self::Key {
                ($(self.$key.clone(),)+)
            }

            fn arrays(rows: &[&Self]) -> Vec<$crate::rows::Parameter> {
                vec![$(Box::new(
                    rows.iter()
                        .map(|row| $crate::columns::Column::store(&row.$field))
                        .collect::<Vec<_>>(),
                ) as $crate::rows::Parameter,)+]
            }

            fn values(&self) -> Vec<$crate::rows::Parameter> {
                vec![$(
                    Box::new($crate::columns::Column::store(&self.$field))
                        as $crate::rows::Parameter,
                )+]
            }

            fn read(
                row: &tokio_postgres::Row,
            ) -> Result<Self, $crate::error::ProjectionError> {
                Ok(Self {
                    $($field: $crate::rows::column(row, $table, stringify!($field))?,)+
                })
            }

            fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)> {
                let mut found = Vec::new();
                $(if self.$field != other.$field {
                    found.push((
                        stringify!($field),
                        format!("{:?}", self.$field),
                        format!("{:?}", other.$field),
                    ));
                })+
                found
            }
        }
    };
}
pub(crate) use table;

#[derive(Debug)]
struct Slot<R> {
    row: Option<R>,
    changed: bool,
}

/// The rows of one table that a fold has in memory.
///
/// Where it is `complete`, it holds every row there is, so that nothing has to be loaded.
#[derive(Debug)]
pub struct Rows<R: Row> {
    slots: HashMap<R::Key, Slot<R>>,
    pub(crate) wanted: Vec<R::Key>,
    pub(crate) complete: bool,
}

impl<R: Row> Default for Rows<R> {
    fn default() -> Self {
        Self { slots: HashMap::new(), wanted: Vec::new(), complete: false }
    }
}

impl<R: Row> Rows<R> {
    /// Asks for a row, so that it is in memory when an event is applied.
    pub fn want(&mut self, key: R::Key) {
        if !self.complete && !self.slots.contains_key(&key) {
            self.slots.insert(key.clone(), Slot { row: None, changed: false });
            self.wanted.push(key);
        }
    }

    /// The row, if there is one.
    #[must_use]
    pub fn get(&self, key: &R::Key) -> Option<&R> {
        self.slots.get(key).and_then(|slot| slot.row.as_ref())
    }

    /// The row to change; it will be saved.
    pub fn change(&mut self, key: &R::Key) -> &mut Option<R> {
        debug_assert!(
            self.complete || self.slots.contains_key(key),
            "{key:?} of {} was not asked for",
            R::TABLE
        );
        let slot = self.slots.entry(key.clone()).or_insert(Slot { row: None, changed: false });
        slot.changed = true;
        &mut slot.row
    }

    pub(crate) fn put_loaded(&mut self, row: R) {
        self.slots.insert(row.key(), Slot { row: Some(row), changed: false });
    }

    pub(crate) fn changed(&self) -> Vec<&R> {
        self.slots.values().filter(|slot| slot.changed).filter_map(|it| it.row.as_ref()).collect()
    }

    pub(crate) fn saved(&mut self) {
        for slot in self.slots.values_mut() {
            slot.changed = false;
        }
    }

    pub(crate) fn forget(&mut self) {
        self.slots.clear();
        self.wanted.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Every row in memory.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.slots.values().filter_map(|slot| slot.row.as_ref())
    }
}
