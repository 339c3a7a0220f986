//! What every store must do, run for SQLite and for Postgres.
//!
//! Postgres is real: `STAUNCH_TEST_DATABASE_URL` names it (`tests/services` starts one). Each test has its own schema.

mod accounts;
mod bed;
mod commit;
mod control;
mod dispatch;
mod durable;
mod figures;
mod fixtures;
mod identity;
mod people;
mod queue;
mod races;
mod read;
mod retention;
mod review;
mod standing;
mod suspects;
mod trips;

macro_rules! suite {
    ($($module:ident: [$($test:ident),* $(,)?]),* $(,)?) => {
        mod sqlite {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::bed::run(crate::bed::Place::sqlite(), crate::$module::$test).await;
                }
            )* })*
        }
        mod postgres {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::bed::run(crate::bed::Place::postgres(), crate::$module::$test).await;
                }
            )* })*
        }
    };
}

suite! {
    commit: [
        an_event_is_decided_once,
        everything_of_a_change_is_there,
        losers_leave_nothing_behind,
        an_event_decided_for_another_contact_loses_alone,
        twice_in_one_batch_the_second_loses,
        a_known_action_is_left_alone,
        another_payload_is_refused_with_its_batch,
        a_run_that_left_takes_its_pending_actions_along,
        wake_ups_come_in_order,
        a_large_batch_commits,
        holds_of_kills_follow_the_kills_of_the_moment,
    ],
    dispatch: [
        the_most_important_goes_first,
        what_the_gate_says_is_written,
        what_was_sent_counts_at_once,
        held_ones_do_not_starve_others,
        an_unknown_contact_is_empty,
        the_assignment_is_that_of_the_run,
        ends_are_recorded_once_and_only_by_the_last_claim,
        a_retry_comes_back,
        lapsed_leases_are_repeated_or_doubted,
        a_claim_whose_calls_had_not_begun_is_repeated,
        a_hold_in_the_past_does_not_spin,
        the_next_time_is_known,
        what_is_too_late_expires,
    ],
    figures: [
        nothing_gives_zeros,
        what_is_pending_is_counted_and_its_oldest_told,
    ],
    retention: [
        what_may_go_goes_and_nothing_else,
        what_changed_since_it_was_read_stays,
        parked_inputs_go_by_age_and_the_log_of_orders_never,
    ],
    control: [
        stages_are_kept,
        a_kill_holds_and_a_resume_releases,
        a_kill_may_drop,
        a_second_kill_changes_the_reason_only,
        what_another_kill_covers_stays_held,
        a_resume_withholds_what_expired,
        a_kill_stops_even_what_a_gate_lets_go,
    ],
    trips: [
        a_breaker_holds_its_whole_scope,
        claims_that_trip_together_stop_at_the_limit,
        windows_show_what_was_asked,
    ],
    review: [
        a_yes_makes_it_ready,
        a_no_withholds_it,
        a_verdict_binds_to_the_payload,
        silence_means_what_the_gate_declares,
        a_verdict_that_comes_too_late_does_not_count,
    ],
    identity: [
        an_alias_leads_to_its_contact,
        a_taken_id_makes_a_change_lose,
        a_merge_hands_everything_over,
        a_merge_is_whole_or_not_at_all,
        crossed_contacts_leave_the_comparison,
        merges_meet_events_and_each_other,
        an_id_becomes_a_contact_or_an_alias,
        merges_meet_kills,
    ],
    accounts: [
        accounts_are_loaded_where_they_are_wanted,
        losers_add_nothing_to_accounts,
        old_facts_of_accounts_go,
        additions_to_an_account_never_lose,
    ],
    people: [
        the_gate_sees_what_a_person_was_given,
        capacity_holds_against_many_claimers,
        the_gate_sees_accounts_where_it_wants_them,
    ],
    standing: [
        people_are_counted_by_step,
        contacts_of_old_versions_come_page_by_page,
        a_publication_has_a_fingerprint,
        a_new_schedule_wakes_everybody,
        a_filled_database_of_the_first_version_goes_on,
    ],
    races: [
        no_increment_is_lost,
        one_event_is_decided_once_by_many,
        every_action_is_claimed_once,
        caps_hold_against_two_claimers,
        windows_hold_against_two_claimers,
        after_a_kill_nothing_enters_sending,
        kills_hold_while_actions_arrive,
        everything_at_once_meets_no_error,
        every_message_is_taken_once,
    ],
    queue: [
        messages_come_in_order_and_once,
        a_lease_that_ran_out_gives_them_back,
        released_ones_come_back_uncounted,
        any_bytes_pass,
    ],
    read: [
        the_summary_counts_everything,
        exposures_are_the_first_outside_shadow,
        decisions_of_everybody_come_in_pages,
        actions_are_found_by_filter,
        decisions_are_found_by_workflow,
        versions_are_published_once,
        older_versions_stay_while_needed,
        inputs_are_parked_once,
        the_clock_is_that_of_the_database,
    ],
    suspects: [
        a_start_without_an_end_is_a_crash,
        crashes_of_others_are_counted_for_a_while,
    ],
    durable: [
        a_second_process_sees_everything,
        many_may_open_a_new_database_at_once,
        a_newer_database_is_refused,
        corrupt_rows_name_table_and_key,
    ],
}
