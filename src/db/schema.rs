//! The tables, for diesel. Made from `migrations/`; the schema test compares it with what both
//! databases say of themselves. Never edit it by hand: change a migration first.

#![expect(missing_docs, reason = "tables are documented in migrations/")]

diesel::table! {
    organizations (id) {
        id -> Text,
        name -> Text,
        external_id -> Nullable<Text>,
        time_zone -> Nullable<Text>,
        allowed_providers -> Text,
        metadata -> Text,
        created_at_ms -> BigInt,
        updated_at_ms -> BigInt,
        deleting_since_ms -> Nullable<BigInt>,
        time_zone_reached -> Nullable<Text>,
    }
}

diesel::table! {
    admins (id) {
        id -> Text,
        organization_id -> Text,
        email -> Text,
        email_norm -> Text,
        name -> Text,
        created_at_ms -> BigInt,
        updated_at_ms -> BigInt,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        name -> Text,
        key_hash -> Binary,
        last4 -> Text,
        created_at_ms -> BigInt,
        revoked_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    data_keys (id) {
        id -> Text,
        purpose -> Text,
        sealed -> Binary,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    catalogue_entries (id) {
        id -> Text,
        organization_id -> Text,
        kind -> Text,
        name -> Text,
        name_norm -> Text,
        created_at_ms -> BigInt,
        merges_into -> Nullable<Text>,
    }
}

diesel::table! {
    accounts (id) {
        id -> Text,
        organization_id -> Text,
        email -> Text,
        email_norm -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        external_id -> Nullable<Text>,
        status -> Text,
        manager_account_id -> Nullable<Text>,
        department_id -> Nullable<Text>,
        position_id -> Nullable<Text>,
        office_location_id -> Nullable<Text>,
        start_date -> Nullable<Text>,
        leaving_date -> Nullable<Text>,
        protected -> Bool,
        attributes -> Text,
        version -> BigInt,
        created_at_ms -> BigInt,
        updated_at_ms -> BigInt,
    }
}

diesel::table! {
    directories (id) {
        id -> Text,
        organization_id -> Text,
        provider -> Text,
        open_key -> Nullable<Text>,
        name -> Text,
        state -> Text,
        strict -> Bool,
        poll_seconds -> BigInt,
        inactive_policy -> Text,
        relink -> Text,
        external_key -> Text,
        webhook_token_hash -> Nullable<Binary>,
        webhook_token_sealed -> Nullable<Binary>,
        credential_sealed -> Nullable<Binary>,
        credential_last4 -> Nullable<Text>,
        credential_checked_at_ms -> Nullable<BigInt>,
        credential_generation -> BigInt,
        tenant_key -> Nullable<Text>,
        company_generation -> BigInt,
        credential_tenant_key -> Nullable<Text>,
        observation_seq -> BigInt,
        next_sync_at_ms -> Nullable<BigInt>,
        last_success_at_ms -> Nullable<BigInt>,
        failure_class -> Nullable<Text>,
        failure_detail -> Nullable<Text>,
        failure_since_ms -> Nullable<BigInt>,
        failure_last_ms -> Nullable<BigInt>,
        failure_tries -> BigInt,
        retry_at_ms -> Nullable<BigInt>,
        silent_since_ms -> Nullable<BigInt>,
        activated_at_ms -> Nullable<BigInt>,
        disabled_at_ms -> Nullable<BigInt>,
        clearing_since_ms -> Nullable<BigInt>,
        created_at_ms -> BigInt,
        updated_at_ms -> BigInt,
        missing_permissions -> Text,
    }
}

diesel::table! {
    missing_people (directory_user_id) {
        directory_user_id -> Text,
        organization_id -> Text,
        directory_id -> Text,
        missing_since_ms -> BigInt,
        list_seq -> Nullable<BigInt>,
        question_at_ms -> Nullable<BigInt>,
        told_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    waiting_credentials (directory_id) {
        directory_id -> Text,
        organization_id -> Text,
        credential_sealed -> Binary,
        credential_last4 -> Text,
        missing_permissions -> Text,
        checked_at_ms -> BigInt,
        expires_at_ms -> BigInt,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    directory_users (id) {
        id -> Text,
        organization_id -> Text,
        directory_id -> Text,
        external_key -> Text,
        key_kind -> Text,
        employee_number -> Nullable<Text>,
        email_norm -> Nullable<Text>,
        first_last -> Text,
        name_order -> Text,
        state -> Text,
        membership -> Text,
        record -> Text,
        raw_hash -> Nullable<Binary>,
        due_at_ms -> Nullable<BigInt>,
        listed -> Bool,
        observation_seq -> BigInt,
        version -> BigInt,
        created_at_ms -> BigInt,
        updated_at_ms -> BigInt,
        leaving_date_cleared -> Nullable<Text>,
        waits_for_start -> Bool,
    }
}

diesel::table! {
    links (id) {
        id -> Text,
        organization_id -> Text,
        directory_id -> Text,
        directory_user_id -> Text,
        account_id -> Text,
        link_rule -> Text,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    directory_groups (id) {
        id -> Text,
        organization_id -> Text,
        directory_id -> Text,
        group_key -> Text,
        name -> Text,
        created_at_ms -> BigInt,
        updated_at_ms -> BigInt,
    }
}

diesel::table! {
    group_memberships (directory_user_id) {
        directory_user_id -> Text,
        organization_id -> Text,
        group_id -> Text,
    }
}

diesel::table! {
    row_problems (id) {
        id -> Text,
        organization_id -> Text,
        directory_id -> Text,
        external_key -> Text,
        employee_number -> Nullable<Text>,
        name -> Text,
        email -> Nullable<Text>,
        code -> Text,
        severity -> Text,
        detail -> Nullable<Text>,
        observation_seq -> BigInt,
        first_seen_at_ms -> BigInt,
        updated_at_ms -> BigInt,
    }
}

diesel::table! {
    holds (id) {
        id -> Text,
        organization_id -> Text,
        directory_id -> Text,
        kind -> Text,
        open_key -> Nullable<Text>,
        reason -> Text,
        state -> Text,
        created_at_ms -> BigInt,
        updated_at_ms -> BigInt,
        decided_at_ms -> Nullable<BigInt>,
        decided_by -> Nullable<Text>,
        list_version -> BigInt,
        notices -> BigInt,
        next_notice_at_ms -> Nullable<BigInt>,
        gathering -> Nullable<Text>,
    }
}

diesel::table! {
    hold_items (id) {
        id -> Text,
        organization_id -> Text,
        directory_id -> Text,
        hold_id -> Text,
        external_key -> Text,
        account_id -> Nullable<Text>,
        name -> Text,
        planned_change -> Text,
        record_hash -> Nullable<Binary>,
        decision -> Nullable<Text>,
        done_at_ms -> Nullable<BigInt>,
        created_at_ms -> BigInt,
        list_version -> BigInt,
        left_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    deactivations (id) {
        id -> BigInt,
        organization_id -> Text,
        directory_id -> Text,
        account_id -> Text,
        deactivated_at_ms -> BigInt,
        ended -> Bool,
    }
}

diesel::table! {
    former_links (organization_id, person_hash) {
        organization_id -> Text,
        person_hash -> Binary,
        provider -> Text,
        key_kind -> Text,
        account_id -> Text,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    account_changes (id) {
        id -> BigInt,
        organization_id -> Text,
        account_id -> Text,
        directory_id -> Nullable<Text>,
        external_key -> Nullable<Text>,
        cause -> Text,
        cause_id -> Nullable<Text>,
        rule -> Text,
        changes -> Text,
        version -> BigInt,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    actions (id) {
        id -> BigInt,
        organization_id -> Text,
        directory_id -> Nullable<Text>,
        actor -> Text,
        action -> Text,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    inbox (id) {
        id -> BigInt,
        organization_id -> Text,
        directory_id -> Text,
        employee_hint -> Text,
        action_id -> Nullable<BigInt>,
        state -> Text,
        waiting_key -> Nullable<Text>,
        hooks -> BigInt,
        first_received_at_ms -> BigInt,
        last_received_at_ms -> BigInt,
        last_received_seq -> BigInt,
        next_at_ms -> BigInt,
        attempts -> BigInt,
        lease_until_ms -> Nullable<BigInt>,
        lease_epoch -> BigInt,
        done_at_ms -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        failures -> BigInt,
        failed_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    runs (id) {
        id -> Text,
        organization_id -> Text,
        directory_id -> Text,
        run_trigger -> Text,
        state -> Text,
        open_key -> Nullable<Text>,
        requested_at_ms -> BigInt,
        started_at_ms -> Nullable<BigInt>,
        finished_at_ms -> Nullable<BigInt>,
        next_at_ms -> BigInt,
        tries -> BigInt,
        lease_until_ms -> Nullable<BigInt>,
        lease_epoch -> BigInt,
        error_class -> Nullable<Text>,
        error_message -> Nullable<Text>,
        counts -> Text,
    }
}

diesel::table! {
    event_sequence (id) {
        id -> Integer,
        last_number -> BigInt,
    }
}

diesel::table! {
    events (number) {
        number -> BigInt,
        organization_id -> Text,
        directory_id -> Nullable<Text>,
        event_type -> Text,
        lane -> Text,
        group_lane -> Nullable<Text>,
        data -> Text,
        created_at_ms -> BigInt,
        ends_access -> Bool,
    }
}

diesel::table! {
    notices (id) {
        id -> Text,
        organization_id -> Text,
        directory_id -> Nullable<Text>,
        kind -> Text,
        episode_key -> Nullable<Text>,
        subject -> Text,
        body -> Text,
        link -> Text,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    mails (id) {
        id -> Text,
        organization_id -> Text,
        notice_id -> Nullable<Text>,
        text_sealed -> Nullable<Binary>,
        recipient_email -> Text,
        recipient_name -> Text,
        state -> Text,
        attempts -> BigInt,
        next_at_ms -> BigInt,
        lease_until_ms -> Nullable<BigInt>,
        lease_epoch -> BigInt,
        sent_at_ms -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        created_at_ms -> BigInt,
        recipient_domain -> Text,
    }
}

diesel::table! {
    provider_calls (id) {
        id -> BigInt,
        organization_id -> Text,
        directory_id -> Text,
        provider -> Text,
        called_at_ms -> BigInt,
    }
}

diesel::table! {
    provider_throttles (id) {
        id -> BigInt,
        organization_id -> Text,
        directory_id -> Text,
        provider -> Text,
        throttled_at_ms -> BigInt,
        calls_per_minute -> Nullable<BigInt>,
    }
}

diesel::table! {
    shared_paces (provider) {
        provider -> Text,
        calls_per_minute -> BigInt,
        learned_at_ms -> BigInt,
        last_throttled_at_ms -> BigInt,
    }
}

diesel::table! {
    endpoints (id) {
        id -> Text,
        endpoint_url -> Text,
        event_types -> Text,
        status -> Text,
        disabled_reason -> Nullable<Text>,
        legacy_signs_with -> Text,
        dispatched_number -> BigInt,
        failures -> BigInt,
        failing_since_ms -> Nullable<BigInt>,
        paused_until_ms -> Nullable<BigInt>,
        last_success_at_ms -> Nullable<BigInt>,
        lease_until_ms -> Nullable<BigInt>,
        lease_epoch -> BigInt,
        due_at_ms -> Nullable<BigInt>,
        created_at_ms -> BigInt,
        updated_at_ms -> BigInt,
    }
}

diesel::table! {
    endpoint_secrets (id) {
        id -> Text,
        endpoint_id -> Text,
        sealed -> Binary,
        expires_at_ms -> Nullable<BigInt>,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    deliveries (number) {
        number -> BigInt,
        endpoint_id -> Text,
        organization_id -> Nullable<Text>,
        directory_id -> Nullable<Text>,
        delivery_trigger -> Text,
        event_number -> Nullable<BigInt>,
        dispatched_key -> Nullable<Text>,
        event_type -> Text,
        test_body -> Nullable<Text>,
        lane -> Text,
        group_lane -> Nullable<Text>,
        barrier -> Bool,
        state -> Text,
        attempts -> BigInt,
        next_at_ms -> BigInt,
        last_attempt_at_ms -> Nullable<BigInt>,
        last_status -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        done_at_ms -> Nullable<BigInt>,
        created_at_ms -> BigInt,
        ends_access -> Bool,
        overtook -> Bool,
        refused_since_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    delivery_attempts (id) {
        id -> BigInt,
        delivery_number -> BigInt,
        attempted_at_ms -> BigInt,
        duration_ms -> BigInt,
        status -> Nullable<BigInt>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    portal_links (id) {
        id -> Text,
        organization_id -> Text,
        admin_id -> Nullable<Text>,
        token_hash -> Binary,
        return_url -> Nullable<Text>,
        success_url -> Nullable<Text>,
        expires_at_ms -> BigInt,
        used_at_ms -> Nullable<BigInt>,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    portal_sessions (id) {
        id -> Text,
        organization_id -> Text,
        admin_id -> Nullable<Text>,
        token_hash -> Binary,
        return_url -> Nullable<Text>,
        success_url -> Nullable<Text>,
        last_used_at_ms -> BigInt,
        expires_at_ms -> BigInt,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    operator_sessions (id) {
        id -> Text,
        api_key_id -> Text,
        token_hash -> Binary,
        last_used_at_ms -> BigInt,
        expires_at_ms -> BigInt,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    idempotent_answers (api_key_id, key_hash) {
        api_key_id -> Text,
        key_hash -> Binary,
        request_hash -> Binary,
        answer_sealed -> Nullable<Binary>,
        created_at_ms -> BigInt,
    }
}

diesel::joinable!(links -> accounts (account_id));
diesel::joinable!(links -> directory_users (directory_user_id));
diesel::joinable!(links -> directories (directory_id));
diesel::joinable!(group_memberships -> directory_groups (group_id));
diesel::joinable!(group_memberships -> directory_users (directory_user_id));
diesel::joinable!(hold_items -> holds (hold_id));
diesel::joinable!(mails -> notices (notice_id));
diesel::joinable!(endpoint_secrets -> endpoints (endpoint_id));
diesel::joinable!(operator_sessions -> api_keys (api_key_id));
diesel::joinable!(deliveries -> endpoints (endpoint_id));
diesel::joinable!(deliveries -> events (event_number));
diesel::joinable!(delivery_attempts -> deliveries (delivery_number));

diesel::table! {
    clock_belief (id) {
        id -> BigInt,
        seen_at_ms -> BigInt,
        since_ms -> BigInt,
    }
}

diesel::table! {
    write_probe (id) {
        id -> BigInt,
        written_at_ms -> BigInt,
    }
}

diesel::table! {
    upgrade_steps (name) {
        name -> Text,
        position -> Text,
        done -> Bool,
    }
}

diesel::table! {
    account_problems (account_id) {
        account_id -> Text,
        organization_id -> Text,
        owner_account_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    organizations,
    admins,
    api_keys,
    data_keys,
    catalogue_entries,
    accounts,
    directories,
    directory_users,
    missing_people,
    waiting_credentials,
    links,
    directory_groups,
    group_memberships,
    row_problems,
    account_problems,
    holds,
    hold_items,
    deactivations,
    former_links,
    account_changes,
    actions,
    inbox,
    runs,
    event_sequence,
    events,
    notices,
    mails,
    provider_calls,
    provider_throttles,
    shared_paces,
    endpoints,
    endpoint_secrets,
    deliveries,
    delivery_attempts,
    portal_links,
    portal_sessions,
    operator_sessions,
    idempotent_answers,
);
