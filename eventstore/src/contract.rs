//! What every log keeps. PostgreSQL and memory run the same scenarios; each wants a fresh log.
//!
//! `contract_suite!` makes a test of each. A scenario stops at the first thing that is not so.

#![expect(clippy::missing_panics_doc, reason = "a scenario is made of assertions")]

mod appending;
mod checkpoints;
mod forgetting;
mod history;
pub mod script;

pub use self::{appending::*, checkpoints::*, forgetting::*, history::*};

/// Makes a test of each scenario; `$fresh` is a future that gives a fresh log, and anything
/// that must live as long as the test.
#[macro_export]
macro_rules! contract_suite {
    ($fresh:expr) => {
        $crate::contract_suite! { $fresh,
            an_append_is_read_back_as_it_was_written,
            what_follows_from_the_first_event_of_an_append_says_so,
            positions_are_gapless_and_in_order,
            versions_count_each_stream_from_one,
            the_second_of_two_writers_meets_a_conflict,
            a_conflict_in_one_stream_writes_nothing_to_any,
            a_stream_may_be_required_to_stand_still,
            many_may_look_at_one_stream_until_it_moves,
            a_repeated_command_gets_the_same_answer_and_writes_nothing,
            a_command_id_used_for_something_else_is_refused,
            a_refused_command_does_not_use_up_its_id,
            an_append_without_events_is_answered_with_the_head,
            an_append_beyond_its_limits_is_refused,
            a_stream_id_belongs_to_one_type,
            an_unknown_stream_has_no_events,
            tenants_are_apart,
            readers_are_told_that_the_log_has_grown,
            concurrent_appends_to_one_stream_win_one_by_one,
            texts_are_sealed_in_the_log_and_open_for_readers,
            a_forgotten_subject_reads_as_erased_and_stays_so,
            a_shredded_event_reads_as_erased,
            a_repeated_command_is_answered_after_its_subject_was_forgotten,
            a_blind_index_is_the_same_for_the_same_text_of_one_tenant,
            history_finds_by_position_and_by_id,
            history_pages_by_every_part_of_a_filter,
            history_reads_parts_of_several_streams_at_once,
            history_turns_instants_into_positions,
            checkpoints_grow_and_a_size_has_one_for_ever,
            a_checkpoint_is_made_of_what_is_there,
        }
    };
    ($fresh:expr, $($scenario:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $scenario() {
            let (log, _kept) = $fresh.await;
            $crate::contract::$scenario(&log).await;
        }
    )+};
}
