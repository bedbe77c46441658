//! The tables as diesel sees them; the same for both databases. Kept equal to `migrations/` by a test.

#![allow(missing_docs, reason = "column names say what they are; the migrations say why")]

diesel::table! {
    access_deliveries (line_id) {
        line_id -> BigInt,
        order_id -> BigInt,
        sku_id -> BigInt,
        name -> Text,
        instructions -> Text,
        link -> Nullable<Text>,
        delivered_at -> BigInt,
    }
}

diesel::table! {
    access_grants (sku_id) {
        sku_id -> BigInt,
        name -> Text,
        instructions -> Text,
        link -> Nullable<Text>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    account_merge_flags (merge_id, number) {
        merge_id -> BigInt,
        number -> BigInt,
        code -> Text,
        table_name -> Text,
        row_key -> Text,
        found_at -> BigInt,
        settled_at -> Nullable<BigInt>,
        settled_by -> Nullable<BigInt>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    account_merge_rows (merge_id, number) {
        merge_id -> BigInt,
        number -> BigInt,
        table_name -> Text,
        deed -> Text,
        row_key -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
    }
}

diesel::table! {
    account_merges (id) {
        id -> BigInt,
        kept_user_id -> BigInt,
        merged_user_id -> BigInt,
        cause -> Text,
        provider -> Nullable<Text>,
        app_id -> Nullable<Text>,
        staff_id -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        merged_at -> BigInt,
        undoable_until -> BigInt,
        follow_at -> Nullable<BigInt>,
        undone_at -> Nullable<BigInt>,
        undone_by -> Nullable<BigInt>,
        undo_reason -> Nullable<Text>,
        left_alone -> Nullable<BigInt>,
    }
}

diesel::table! {
    accounts_apart (lower_user_id, higher_user_id) {
        lower_user_id -> BigInt,
        higher_user_id -> BigInt,
        staff_id -> BigInt,
        reason -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    addresses (id) {
        id -> BigInt,
        user_id -> BigInt,
        receiver_name -> Text,
        receiver_phone -> Text,
        province_code -> Text,
        province -> Text,
        city -> Text,
        district -> Text,
        detail -> Text,
        is_default -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    analytics_counters (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    analytics_erased_subjects (number) {
        number -> BigInt,
        erased_at -> BigInt,
    }
}

diesel::table! {
    analytics_event_days (name_id, day) {
        name_id -> BigInt,
        day -> BigInt,
        events -> BigInt,
        dropped -> BigInt,
    }
}

diesel::table! {
    analytics_event_names (id) {
        id -> BigInt,
        name -> Text,
        description -> Text,
        shown_as -> Nullable<Text>,
        blocked_at -> Nullable<BigInt>,
        conflicts -> BigInt,
        first_seen_at -> BigInt,
    }
}

diesel::table! {
    analytics_files (id) {
        id -> BigInt,
        day -> BigInt,
        key -> Text,
        events -> BigInt,
        bytes -> BigInt,
        sha256 -> Text,
        sealed_at -> BigInt,
        replaced_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    analytics_inbox (seq) {
        seq -> BigInt,
        event_id -> Text,
        name -> Text,
        subject -> BigInt,
        session -> Nullable<Text>,
        at -> BigInt,
        received_at -> BigInt,
        flags -> BigInt,
        properties -> Text,
    }
}

diesel::table! {
    analytics_property_names (id) {
        id -> BigInt,
        name -> Text,
        kind -> Text,
        description -> Text,
        shown_as -> Nullable<Text>,
        blocked_at -> Nullable<BigInt>,
        mixed -> BigInt,
        first_seen_at -> BigInt,
    }
}

diesel::table! {
    analytics_saved_questions (id) {
        id -> BigInt,
        name -> Text,
        analysis -> Text,
        definition -> Text,
        show_all -> Bool,
        last_days -> Nullable<BigInt>,
        every_minutes -> Nullable<BigInt>,
        revision -> BigInt,
        due_at -> Nullable<BigInt>,
        computed_at -> Nullable<BigInt>,
        asked -> Nullable<Text>,
        answer -> Nullable<Text>,
        spreadsheet -> Nullable<Text>,
        failed_at -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        created_by -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    analytics_seen (event_id) {
        event_id -> Text,
        seq -> BigInt,
        digest -> BigInt,
        received_at -> BigInt,
    }
}

diesel::table! {
    analytics_segment_people (segment_id, subject) {
        segment_id -> BigInt,
        subject -> BigInt,
    }
}

diesel::table! {
    analytics_segment_uses (segment_id, used_id) {
        segment_id -> BigInt,
        used_id -> BigInt,
    }
}

diesel::table! {
    analytics_segments (id) {
        id -> BigInt,
        name -> Text,
        kind -> Text,
        definition -> Text,
        as_of -> Nullable<BigInt>,
        people -> BigInt,
        counted_at -> BigInt,
        created_by -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    analytics_streams (name) {
        name -> Text,
        position -> BigInt,
        pending -> Nullable<BigInt>,
        sent -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    analytics_subjects (number) {
        number -> BigInt,
        kind -> Text,
        reference -> Text,
        user_id -> Nullable<BigInt>,
        joined_to -> Nullable<BigInt>,
        marks -> BigInt,
        entrance -> Nullable<Text>,
        first_seen_at -> BigInt,
        revision -> BigInt,
    }
}

diesel::table! {
    audit_entries (id) {
        id -> BigInt,
        staff_id -> BigInt,
        action -> Text,
        subject_kind -> Text,
        subject_id -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        address -> Text,
        request_id -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    bargain_awards (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        place -> BigInt,
        user_id -> BigInt,
        helpers -> BigInt,
        template_id -> BigInt,
        state -> Text,
        coupon_id -> Nullable<BigInt>,
        attempts -> BigInt,
        next_try_at -> BigInt,
        trouble -> Nullable<Text>,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    bargain_orders (order_id) {
        order_id -> BigInt,
        bargain_id -> BigInt,
        campaign_id -> BigInt,
        price_fen -> BigInt,
        given_fen -> BigInt,
        state -> Text,
        placed_at -> BigInt,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    bargain_pieces (bargain_id, number) {
        bargain_id -> BigInt,
        number -> BigInt,
        amount_fen -> BigInt,
        helper_id -> Nullable<BigInt>,
        taken_at -> Nullable<BigInt>,
        by_owner -> Bool,
        newcomer -> Bool,
        counted -> Bool,
        reward -> Nullable<Text>,
    }
}

diesel::table! {
    bargain_prizes (campaign_id, from_rank) {
        campaign_id -> BigInt,
        from_rank -> BigInt,
        to_rank -> BigInt,
        template_id -> BigInt,
    }
}

diesel::table! {
    bargain_quotas (campaign_id) {
        campaign_id -> BigInt,
        quota -> BigInt,
        sold -> BigInt,
    }
}

diesel::table! {
    bargain_ranks (campaign_id, user_id) {
        campaign_id -> BigInt,
        user_id -> BigInt,
        helpers -> BigInt,
        reached -> BigInt,
    }
}

diesel::table! {
    bargain_rules (campaign_id) {
        campaign_id -> BigInt,
        sku_id -> BigInt,
        start_fen -> Nullable<BigInt>,
        floor_fen -> BigInt,
        cuts_min -> BigInt,
        cuts_max -> BigInt,
        lifetime_ms -> BigInt,
        helpers -> Text,
        helps_per_day -> Nullable<BigInt>,
        helps_per_campaign -> Nullable<BigInt>,
        bargains_per_user -> Nullable<BigInt>,
        buy_when -> Text,
        owner_cuts_first -> Bool,
        reward_template_id -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        ranked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    bargains (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        user_id -> BigInt,
        sku_id -> BigInt,
        state -> Text,
        start_fen -> BigInt,
        floor_fen -> BigInt,
        seed -> BigInt,
        pieces -> BigInt,
        taken -> BigInt,
        helpers -> BigInt,
        cut_fen -> BigInt,
        device_id -> Nullable<BigInt>,
        opened_at -> BigInt,
        expires_at -> BigInt,
        floor_at -> Nullable<BigInt>,
        order_id -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    books_differences (id) {
        id -> BigInt,
        night_id -> BigInt,
        check_name -> Text,
        difference -> Text,
    }
}

diesel::table! {
    books_nights (id) {
        id -> BigInt,
        day -> BigInt,
        stage -> Text,
        position -> BigInt,
        covers_from -> BigInt,
        covers_until -> BigInt,
        compared -> BigInt,
        differences -> BigInt,
        started_at -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    buy_groups (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        product_id -> BigInt,
        leader_id -> BigInt,
        lead_no -> Nullable<BigInt>,
        state -> Text,
        seats -> BigInt,
        free -> BigInt,
        paid -> BigInt,
        filled -> BigInt,
        step -> Nullable<BigInt>,
        listed -> Bool,
        deadline -> BigInt,
        settle_at -> BigInt,
        created_at -> BigInt,
        visible_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    campaign_actions (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        user_id -> BigInt,
        what -> Text,
        newcomer -> Bool,
        fresh -> Bool,
        device_id -> Nullable<BigInt>,
        network -> Nullable<Text>,
        inviter_id -> Nullable<BigInt>,
        amount_fen -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    campaign_audience (campaign_id, user_id) {
        campaign_id -> BigInt,
        user_id -> BigInt,
        added_at -> BigInt,
    }
}

diesel::table! {
    campaign_budgets (campaign_id) {
        campaign_id -> BigInt,
        budget_fen -> BigInt,
        daily_cap_fen -> Nullable<BigInt>,
        spent_fen -> BigInt,
        open_until -> Nullable<BigInt>,
        exhausted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    campaign_changes (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        version -> BigInt,
        action -> Text,
        from_state -> Nullable<Text>,
        to_state -> Text,
        staff_id -> Nullable<BigInt>,
        reason -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        at -> BigInt,
    }
}

diesel::table! {
    campaign_days (campaign_id, day) {
        campaign_id -> BigInt,
        day -> BigInt,
        cap_fen -> Nullable<BigInt>,
        spent_fen -> BigInt,
    }
}

diesel::table! {
    campaign_grants (campaign_id, reference) {
        campaign_id -> BigInt,
        reference -> Text,
        amount_fen -> BigInt,
        returned_fen -> BigInt,
        day -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    campaign_orders (order_id, campaign_id) {
        order_id -> BigInt,
        campaign_id -> BigInt,
        user_id -> BigInt,
        newcomer -> Bool,
        channel -> Nullable<Text>,
        inviter_id -> Nullable<BigInt>,
        cost_fen -> BigInt,
        total_fen -> BigInt,
        refunded_fen -> BigInt,
        day -> BigInt,
        placed_at -> BigInt,
        paid_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        refunded_at -> Nullable<BigInt>,
        order_version -> BigInt,
    }
}

diesel::table! {
    campaign_outcomes (order_id, campaign_id) {
        order_id -> BigInt,
        campaign_id -> BigInt,
        user_id -> BigInt,
        held_out -> Bool,
        total_fen -> BigInt,
        refunded_fen -> BigInt,
    }
}

diesel::table! {
    campaign_participants (campaign_id, user_id) {
        campaign_id -> BigInt,
        user_id -> BigInt,
        what -> Text,
        newcomer -> Bool,
        day -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    campaign_risk_alerts (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        rule -> Text,
        effect -> Text,
        figure -> BigInt,
        threshold -> BigInt,
        culprit -> Nullable<Text>,
        at -> BigInt,
    }
}

diesel::table! {
    campaign_risk_rules (campaign_id, rule) {
        campaign_id -> BigInt,
        rule -> Text,
        threshold -> BigInt,
        window_seconds -> BigInt,
        least -> BigInt,
        effect -> Text,
    }
}

diesel::table! {
    campaign_uses (campaign_id, user_id, what, day) {
        campaign_id -> BigInt,
        user_id -> BigInt,
        what -> Text,
        day -> BigInt,
        used -> BigInt,
        most -> BigInt,
    }
}

diesel::table! {
    campaign_watches (campaign_id) {
        campaign_id -> BigInt,
        since -> BigInt,
        since_id -> BigInt,
        checked_at -> BigInt,
        checked_actions -> BigInt,
    }
}

diesel::table! {
    campaigns (id) {
        id -> BigInt,
        kind -> Text,
        state -> Text,
        name -> Text,
        occasion_kind -> Text,
        occasion -> Text,
        audience -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        intro -> Text,
        card_title -> Text,
        card_picture -> Text,
        card_path -> Text,
        expected_cost_fen -> BigInt,
        expected_new_users -> BigInt,
        expected_revenue_fen -> BigInt,
        margin_permille -> Nullable<BigInt>,
        holdout_permille -> BigInt,
        approved_budget_fen -> BigInt,
        conclusions -> Nullable<Text>,
        created_by -> BigInt,
        created_at -> BigInt,
        started_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        reviewed_at -> Nullable<BigInt>,
        version -> BigInt,
    }
}

diesel::table! {
    cart_lines (id) {
        id -> BigInt,
        user_id -> Nullable<BigInt>,
        device_id -> Nullable<BigInt>,
        sku_id -> BigInt,
        quantity -> BigInt,
        selected -> Bool,
        added_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    catalog_changes (revision) {
        revision -> BigInt,
        product_id -> Nullable<BigInt>,
        at -> BigInt,
    }
}

diesel::table! {
    catalog_revisions (id) {
        id -> BigInt,
        revision -> BigInt,
    }
}

diesel::table! {
    categories (id) {
        id -> BigInt,
        parent_id -> Nullable<BigInt>,
        name -> Text,
        icon -> Nullable<Text>,
        position -> BigInt,
        shown -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    code_scans (id) {
        id -> BigInt,
        code_id -> BigInt,
        following_id -> BigInt,
        followed -> Bool,
        outcome -> Text,
        at -> BigInt,
        recorded_at -> BigInt,
    }
}

diesel::table! {
    coupon_allotments (template_id) {
        template_id -> BigInt,
        total_limit -> Nullable<BigInt>,
        daily_limit -> Nullable<BigInt>,
        issued -> BigInt,
        day -> BigInt,
        issued_today -> BigInt,
    }
}

diesel::table! {
    coupon_code_batches (id) {
        id -> BigInt,
        template_id -> BigInt,
        size -> BigInt,
        note -> Text,
        created_by -> BigInt,
        created_at -> BigInt,
        agreed_at -> Nullable<BigInt>,
        voided_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    coupon_code_tries (subject) {
        subject -> Text,
        since -> BigInt,
        tries -> BigInt,
    }
}

diesel::table! {
    coupon_codes (code_hash) {
        code_hash -> Text,
        batch_id -> BigInt,
        redeemed_by -> Nullable<BigInt>,
        redeemed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    coupon_grant_runs (id) {
        id -> BigInt,
        template_id -> BigInt,
        staff_id -> BigInt,
        request_key -> Text,
        reason -> Text,
        targets -> BigInt,
        created_at -> BigInt,
        agreed_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    coupon_grant_targets (run_id, user_id) {
        run_id -> BigInt,
        user_id -> BigInt,
        state -> Text,
        refusal -> Nullable<Text>,
    }
}

diesel::table! {
    coupon_history (id) {
        id -> BigInt,
        coupon_id -> BigInt,
        version -> BigInt,
        from_state -> Text,
        to_state -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<BigInt>,
        reason -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    coupon_staff_days (staff_id) {
        staff_id -> BigInt,
        day -> BigInt,
        coupons -> BigInt,
        worth_fen -> BigInt,
    }
}

diesel::table! {
    coupon_template_users (template_id, user_id) {
        template_id -> BigInt,
        user_id -> BigInt,
    }
}

diesel::table! {
    coupon_templates (id) {
        id -> BigInt,
        campaign_id -> Nullable<BigInt>,
        family -> Text,
        way -> Text,
        state -> Text,
        title -> Text,
        description -> Text,
        benefit -> Text,
        amount_fen -> Nullable<BigInt>,
        off_permille -> Nullable<BigInt>,
        cap_fen -> Nullable<BigInt>,
        threshold_fen -> BigInt,
        scope -> Text,
        category_ids -> Text,
        product_ids -> Text,
        excluded_product_ids -> Text,
        stackable -> Bool,
        valid_from -> Nullable<BigInt>,
        valid_until -> Nullable<BigInt>,
        valid_days -> Nullable<BigInt>,
        claims_from -> Nullable<BigInt>,
        claims_until -> Nullable<BigInt>,
        audience -> Text,
        per_user_limit -> BigInt,
        per_user_daily_limit -> Nullable<BigInt>,
        shared_code -> Nullable<Text>,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    coupon_user_counts (template_id, user_id) {
        template_id -> BigInt,
        user_id -> BigInt,
        issued -> BigInt,
        day -> BigInt,
        issued_today -> BigInt,
        by_merge -> BigInt,
    }
}

diesel::table! {
    coupon_uses (coupon_id, order_id) {
        coupon_id -> BigInt,
        order_id -> BigInt,
        template_id -> BigInt,
        family -> Text,
        state -> Text,
        amount_fen -> BigInt,
        order_total_fen -> BigInt,
        reserved_at -> BigInt,
        used_at -> Nullable<BigInt>,
        returned_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    coupons (id) {
        id -> BigInt,
        template_id -> BigInt,
        user_id -> BigInt,
        state -> Text,
        amount_fen -> Nullable<BigInt>,
        source -> Text,
        source_ref -> Text,
        valid_from -> BigInt,
        valid_until -> BigInt,
        order_id -> Nullable<BigInt>,
        created_at -> BigInt,
        state_since -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    devices (id) {
        id -> BigInt,
        first_user_id -> Nullable<BigInt>,
        created_at -> BigInt,
        claimed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    digital_codes (id) {
        id -> BigInt,
        sku_id -> BigInt,
        load_id -> BigInt,
        fingerprint -> Text,
        sealed -> Text,
        state -> Text,
        order_id -> Nullable<BigInt>,
        line_id -> Nullable<BigInt>,
        unit -> Nullable<BigInt>,
        delivered_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    digital_loads (id) {
        id -> BigInt,
        sku_id -> BigInt,
        codes -> BigInt,
        reason -> Text,
        staff_id -> Nullable<BigInt>,
        loaded_at -> BigInt,
    }
}

diesel::table! {
    entrances (id) {
        id -> BigInt,
        platform -> Text,
        app_id -> Text,
        name -> Text,
        open_platform -> Text,
        original_id -> Nullable<Text>,
        origin -> Text,
        state -> Text,
        sealed_secret -> Nullable<Text>,
        secret_set_at -> Nullable<BigInt>,
        sealed_message_token -> Nullable<Text>,
        message_token_set_at -> Nullable<BigInt>,
        sealed_message_aes_key -> Nullable<Text>,
        message_aes_key_set_at -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    favourites (user_id, product_id) {
        user_id -> BigInt,
        product_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    flash_sale_buyers (item_id, user_id) {
        item_id -> BigInt,
        user_id -> BigInt,
        quantity -> BigInt,
        per_user_limit -> BigInt,
    }
}

diesel::table! {
    flash_sale_items (id) {
        id -> BigInt,
        slot_id -> BigInt,
        sku_id -> BigInt,
        position -> BigInt,
        price_fen -> BigInt,
        quota -> BigInt,
        taken -> BigInt,
        per_user_limit -> BigInt,
    }
}

diesel::table! {
    flash_sale_reminders (id) {
        id -> BigInt,
        slot_id -> BigInt,
        user_id -> BigInt,
        remind_at -> BigInt,
        told_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    flash_sale_slots (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        starts_at -> BigInt,
        ends_at -> BigInt,
    }
}

diesel::table! {
    flash_sale_takings (order_id, item_id) {
        order_id -> BigInt,
        item_id -> BigInt,
        user_id -> BigInt,
        quantity -> BigInt,
        discount_fen -> BigInt,
        state -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    flash_sales (campaign_id) {
        campaign_id -> BigInt,
        coupons_allowed -> Bool,
    }
}

diesel::table! {
    following_changes (id) {
        id -> BigInt,
        following_id -> BigInt,
        change -> Text,
        code_id -> Nullable<BigInt>,
        at -> BigInt,
        recorded_at -> BigInt,
    }
}

diesel::table! {
    followings (id) {
        id -> BigInt,
        entrance_id -> BigInt,
        openid -> Text,
        unionid -> Nullable<Text>,
        user_id -> Nullable<BigInt>,
        state -> Text,
        followed_at -> Nullable<BigInt>,
        unfollowed_at -> Nullable<BigInt>,
        scene -> Nullable<Text>,
        code_id -> Nullable<BigInt>,
        told_at -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    footprints (id) {
        id -> BigInt,
        user_id -> Nullable<BigInt>,
        device_id -> Nullable<BigInt>,
        product_id -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    freight_tariffs (id) {
        id -> BigInt,
        template_id -> BigInt,
        provinces -> Text,
        deliverable -> Bool,
        first_units -> BigInt,
        first_fee_fen -> BigInt,
        next_units -> BigInt,
        next_fee_fen -> BigInt,
        free_from_fen -> Nullable<BigInt>,
    }
}

diesel::table! {
    freight_templates (id) {
        id -> BigInt,
        name -> Text,
        measure -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    group_buy_rules (campaign_id) {
        campaign_id -> BigInt,
        product_id -> BigInt,
        sizes -> Text,
        lifetime_minutes -> BigInt,
        per_user -> BigInt,
        per_order -> BigInt,
        leads_at_once -> BigInt,
        joiners -> Text,
        fill_percent -> Nullable<BigInt>,
        visibility -> Text,
        coupons_allowed -> Bool,
        late_payer -> Text,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    group_buy_skus (campaign_id, sku_id) {
        campaign_id -> BigInt,
        sku_id -> BigInt,
        prices -> Text,
        leader_price_fen -> Nullable<BigInt>,
        quota -> Nullable<BigInt>,
        taken -> BigInt,
    }
}

diesel::table! {
    group_seats (id) {
        id -> BigInt,
        group_id -> BigInt,
        campaign_id -> BigInt,
        seat_no -> BigInt,
        of_seats -> BigInt,
        user_id -> Nullable<BigInt>,
        order_id -> Nullable<BigInt>,
        sku_id -> Nullable<BigInt>,
        quantity -> BigInt,
        price_fen -> BigInt,
        least_price_fen -> BigInt,
        newcomer -> Bool,
        state -> Text,
        held_at -> BigInt,
        paid_at -> Nullable<BigInt>,
        kept_at -> Nullable<BigInt>,
        refund_due_at -> Nullable<BigInt>,
        released_at -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        settle_at -> Nullable<BigInt>,
        tries -> BigInt,
        failure -> Nullable<Text>,
        given_back_at -> Nullable<BigInt>,
        moved_to -> Nullable<BigInt>,
    }
}

diesel::table! {
    guide_links (id) {
        id -> BigInt,
        entrance_id -> BigInt,
        form -> Text,
        page -> Text,
        query -> Text,
        link -> Text,
        expires_at -> BigInt,
        made_at -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (owner, key) {
        owner -> Text,
        key -> Text,
        operation -> Text,
        body_hash -> Text,
        status -> BigInt,
        answer -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    identities (id) {
        id -> BigInt,
        user_id -> BigInt,
        provider -> Text,
        app_id -> Text,
        subject -> Text,
        sealed -> Nullable<Text>,
        masked -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    identity_conflicts (id) {
        id -> BigInt,
        kept_user_id -> BigInt,
        other_user_id -> Nullable<BigInt>,
        provider -> Text,
        app_id -> Text,
        subject -> Text,
        reason -> Text,
        created_at -> BigInt,
        decision -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        decided_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    jobs (id) {
        id -> BigInt,
        kind -> Text,
        dedup_key -> Nullable<Text>,
        payload -> Text,
        state -> Text,
        attempts -> BigInt,
        run_at -> BigInt,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        holder -> Text,
        held_until -> BigInt,
    }
}

diesel::table! {
    ledger_entries (id) {
        id -> BigInt,
        posting_id -> BigInt,
        account -> Text,
        kind -> Text,
        subject_id -> Nullable<BigInt>,
        reference -> Text,
        reason -> Text,
        amount_fen -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    live_comments (id) {
        id -> BigInt,
        room_id -> BigInt,
        sequence -> BigInt,
        user_id -> BigInt,
        words -> Text,
        client_id -> Text,
        state -> Text,
        at -> BigInt,
        hidden_by -> Nullable<BigInt>,
        hidden_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    live_drop_claims (drop_id, user_id) {
        drop_id -> BigInt,
        user_id -> BigInt,
        no -> BigInt,
        amount_fen -> Nullable<BigInt>,
        coupon_id -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    live_drop_portions (drop_id, no) {
        drop_id -> BigInt,
        no -> BigInt,
        amount_fen -> BigInt,
    }
}

diesel::table! {
    live_drops (id) {
        id -> BigInt,
        room_id -> BigInt,
        kind -> Text,
        title -> Text,
        template_id -> BigInt,
        quantity -> BigInt,
        claimed -> BigInt,
        face_fen -> Nullable<BigInt>,
        seed -> Nullable<BigInt>,
        state -> Text,
        open_seconds -> BigInt,
        created_at -> BigInt,
        opened_at -> Nullable<BigInt>,
        closes_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    live_marks (id) {
        id -> BigInt,
        room_id -> BigInt,
        product_id -> BigInt,
        at -> BigInt,
        offset_ms -> BigInt,
    }
}

diesel::table! {
    live_minutes (room_id, minute) {
        room_id -> BigInt,
        minute -> BigInt,
        joined -> BigInt,
        peak -> BigInt,
        comments -> BigInt,
        likes -> BigInt,
        shares -> BigInt,
        clicks -> BigInt,
        orders -> BigInt,
        revenue_fen -> BigInt,
    }
}

diesel::table! {
    live_official_goods (id) {
        id -> BigInt,
        entrance_id -> BigInt,
        product_id -> BigInt,
        goods_id -> Nullable<BigInt>,
        audit_id -> Nullable<BigInt>,
        audit_status -> BigInt,
        name -> Text,
        price_fen -> BigInt,
        price_kind -> BigInt,
        second_price_fen -> Nullable<BigInt>,
        url -> Text,
        failure -> Nullable<Text>,
        submitted_at -> BigInt,
        checked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    live_official_rooms (room_id) {
        room_id -> BigInt,
        entrance_id -> BigInt,
        room_number -> Nullable<BigInt>,
        status -> Nullable<BigInt>,
        anchor_wechat -> Text,
        cover_media -> Nullable<Text>,
        share_media -> Nullable<Text>,
        feeds_media -> Nullable<Text>,
        qr_code_url -> Nullable<Text>,
        push_address -> Nullable<Text>,
        share_code_url -> Nullable<Text>,
        page_path -> Nullable<Text>,
        failure -> Nullable<Text>,
        mirrored_at -> Nullable<BigInt>,
        mirror_due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    live_official_shelf (room_id, goods_row_id) {
        room_id -> BigInt,
        goods_row_id -> BigInt,
        on_sale -> Bool,
        position -> BigInt,
        mirrored_at -> BigInt,
    }
}

diesel::table! {
    live_order_lines (order_id, sku_id) {
        order_id -> BigInt,
        sku_id -> BigInt,
        product_id -> BigInt,
        room_id -> BigInt,
        user_id -> BigInt,
        quantity -> BigInt,
        revenue_fen -> BigInt,
        state -> Text,
        placed_at -> BigInt,
        paid_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    live_price_buyers (price_id, user_id) {
        price_id -> BigInt,
        user_id -> BigInt,
        quantity -> BigInt,
        per_user_limit -> BigInt,
    }
}

diesel::table! {
    live_price_takings (order_id, price_id) {
        order_id -> BigInt,
        price_id -> BigInt,
        user_id -> BigInt,
        quantity -> BigInt,
        discount_fen -> BigInt,
        state -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    live_prices (id) {
        id -> BigInt,
        room_id -> BigInt,
        sku_id -> BigInt,
        price_fen -> BigInt,
        quota -> BigInt,
        taken -> BigInt,
        per_user_limit -> BigInt,
        coupons_allowed -> Bool,
        starts_at -> Nullable<BigInt>,
        ends_at -> Nullable<BigInt>,
        created_at -> BigInt,
        withdrawn_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    live_publishings (id) {
        id -> BigInt,
        room_id -> BigInt,
        engine -> Text,
        client_id -> Text,
        address -> Text,
        started_at -> BigInt,
        stopped_at -> Nullable<BigInt>,
        heard_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    live_reminders (id) {
        id -> BigInt,
        room_id -> BigInt,
        user_id -> BigInt,
        asked_at -> BigInt,
        state -> Text,
        due_at -> Nullable<BigInt>,
        sent_at -> Nullable<BigInt>,
        refusal -> Nullable<Text>,
    }
}

diesel::table! {
    live_replays (id) {
        id -> BigInt,
        room_id -> BigInt,
        media_url -> Text,
        source -> Text,
        began_at -> BigInt,
        duration_ms -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    live_room_changes (id) {
        id -> BigInt,
        room_id -> BigInt,
        from_state -> Nullable<Text>,
        to_state -> Text,
        actor -> Text,
        staff_id -> Nullable<BigInt>,
        reason -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    live_rooms (id) {
        id -> BigInt,
        title -> Text,
        cover -> Text,
        anchor_name -> Text,
        anchor_picture -> Text,
        anchor_introduction -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        source -> Text,
        state -> Text,
        stream_name -> Text,
        publish_secret -> Text,
        slow_mode_seconds -> BigInt,
        comments_open -> Bool,
        blocked_words -> Text,
        likes -> BigInt,
        peak_viewers -> BigInt,
        comment_sequence -> BigInt,
        signal_sequence -> BigInt,
        pinned_sequence -> Nullable<BigInt>,
        explaining_id -> Nullable<BigInt>,
        explaining_since -> Nullable<BigInt>,
        silent_since -> Nullable<BigInt>,
        went_live_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    live_sanctions (id) {
        id -> BigInt,
        room_id -> Nullable<BigInt>,
        user_id -> BigInt,
        kind -> Text,
        reason -> Text,
        created_by -> BigInt,
        created_at -> BigInt,
        ends_at -> Nullable<BigInt>,
        lifted_by -> Nullable<BigInt>,
        lifted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    live_shelf (room_id, product_id) {
        room_id -> BigInt,
        product_id -> BigInt,
        position -> BigInt,
        clicks -> BigInt,
        explained_at -> Nullable<BigInt>,
        added_at -> BigInt,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    live_signals (room_id, sequence) {
        room_id -> BigInt,
        sequence -> BigInt,
        kind -> Text,
        payload -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    live_visits (id) {
        id -> BigInt,
        room_id -> BigInt,
        visitor -> Text,
        user_id -> Nullable<BigInt>,
        device_id -> Nullable<BigInt>,
        process -> Text,
        share_token -> Nullable<Text>,
        joined_at -> BigInt,
        last_seen_at -> BigInt,
        left_at -> Nullable<BigInt>,
        watched_ms -> BigInt,
    }
}

diesel::table! {
    login_sessions (id) {
        id -> BigInt,
        user_id -> BigInt,
        device_id -> Nullable<BigInt>,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        revoke_reason -> Nullable<Text>,
    }
}

diesel::table! {
    oauth_states (id) {
        id -> BigInt,
        state_hash -> Text,
        entrance_id -> BigInt,
        bound_to -> Text,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    order_adjustments (id) {
        id -> BigInt,
        order_id -> BigInt,
        line_id -> Nullable<BigInt>,
        source -> Text,
        source_ref -> Text,
        title -> Text,
        on_freight -> Bool,
        amount_fen -> BigInt,
    }
}

diesel::table! {
    order_history (id) {
        id -> BigInt,
        order_id -> BigInt,
        version -> BigInt,
        from_state -> Nullable<Text>,
        to_state -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<BigInt>,
        reason -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    order_lines (id) {
        id -> BigInt,
        order_id -> BigInt,
        product_id -> BigInt,
        sku_id -> BigInt,
        kind -> Text,
        title -> Text,
        option_text -> Text,
        picture -> Text,
        unit_price_fen -> BigInt,
        quantity -> BigInt,
        goods_fen -> BigInt,
        discount_fen -> BigInt,
        freight_fen -> BigInt,
        payable_fen -> BigInt,
        shipped_quantity -> BigInt,
        refunded_quantity -> BigInt,
        refunded_fen -> BigInt,
    }
}

diesel::table! {
    order_refunds (id) {
        id -> BigInt,
        order_id -> BigInt,
        kind -> Text,
        amount_fen -> BigInt,
        reason -> Text,
        asked_at -> BigInt,
        arrived_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    orders (id) {
        id -> BigInt,
        user_id -> BigInt,
        state -> Text,
        delivery -> Text,
        goods_fen -> BigInt,
        discount_fen -> BigInt,
        freight_fen -> BigInt,
        total_fen -> BigInt,
        refunded_fen -> BigInt,
        refunding_fen -> BigInt,
        refunding_difference_fen -> BigInt,
        receiver_name -> Text,
        receiver_phone -> Text,
        province_code -> Text,
        receiver_address -> Text,
        remark -> Text,
        staff_note -> Text,
        pay_deadline -> BigInt,
        close_due_at -> BigInt,
        created_at -> BigInt,
        paid_at -> Nullable<BigInt>,
        shipped_at -> Nullable<BigInt>,
        receive_due_at -> Nullable<BigInt>,
        received_at -> Nullable<BigInt>,
        complete_due_at -> Nullable<BigInt>,
        completed_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        close_reason -> Nullable<Text>,
        hidden_at -> Nullable<BigInt>,
        version -> BigInt,
    }
}

diesel::table! {
    outbox_deliveries (event_id, subscriber) {
        event_id -> BigInt,
        subscriber -> Text,
        delivered_at -> BigInt,
    }
}

diesel::table! {
    outbox_events (id) {
        id -> BigInt,
        name -> Text,
        version -> BigInt,
        user_id -> Nullable<BigInt>,
        payload -> Text,
        recorded_at -> BigInt,
        delivered_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    outbox_failures (id) {
        id -> BigInt,
        event_id -> BigInt,
        subscriber -> Text,
        state -> Text,
        attempts -> BigInt,
        try_at -> BigInt,
        last_error -> Text,
        created_at -> BigInt,
        died_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    packet_portions (packet_id, no) {
        packet_id -> BigInt,
        no -> BigInt,
        amount_fen -> BigInt,
        claimed_by -> Nullable<BigInt>,
        claimed_at -> Nullable<BigInt>,
        coupon_id -> Nullable<BigInt>,
        newcomer -> Nullable<Bool>,
        acquired -> Nullable<Bool>,
        order_id -> Nullable<BigInt>,
        order_fen -> Nullable<BigInt>,
    }
}

diesel::table! {
    packets (id) {
        id -> BigInt,
        code -> Text,
        campaign_id -> BigInt,
        order_id -> BigInt,
        user_id -> BigInt,
        parent_id -> Nullable<BigInt>,
        generation -> BigInt,
        state -> Text,
        face_fen -> BigInt,
        portions -> BigInt,
        claimed -> BigInt,
        own_claimed -> Bool,
        claimed_fen -> BigInt,
        returned_fen -> BigInt,
        seed -> BigInt,
        opened_at -> BigInt,
        expires_at -> BigInt,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    payment_attempts (id) {
        id -> BigInt,
        payment_id -> BigInt,
        provider -> Text,
        trade_type -> Text,
        out_trade_no -> Text,
        app_id -> Text,
        mch_id -> Text,
        payer -> Nullable<Text>,
        client_address -> Nullable<Text>,
        amount_fen -> BigInt,
        state -> Text,
        prepay -> Nullable<Text>,
        prepay_expires_at -> Nullable<BigInt>,
        kept -> Bool,
        transaction_id -> Nullable<Text>,
        paid_fen -> BigInt,
        refunded_fen -> BigInt,
        refunds -> BigInt,
        created_at -> BigInt,
        succeeded_at -> Nullable<BigInt>,
        asked_at -> Nullable<BigInt>,
        next_query_at -> Nullable<BigInt>,
        queries -> BigInt,
    }
}

diesel::table! {
    payment_notices (id) {
        id -> BigInt,
        provider -> Text,
        notice_id -> Text,
        event_type -> Text,
        headers -> Text,
        body -> Text,
        plaintext -> Text,
        outcome -> Nullable<Text>,
        received_at -> BigInt,
        applied_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    payment_reviews (id) {
        id -> BigInt,
        kind -> Text,
        reference -> Text,
        details -> Text,
        state -> Text,
        created_at -> BigInt,
        resolved_at -> Nullable<BigInt>,
        resolved_by -> Nullable<BigInt>,
        resolution -> Nullable<Text>,
    }
}

diesel::table! {
    payments (id) {
        id -> BigInt,
        subject_kind -> Text,
        subject_id -> BigInt,
        user_id -> BigInt,
        description -> Text,
        amount_fen -> BigInt,
        state -> Text,
        expires_at -> BigInt,
        paid_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    pick_ups (order_id) {
        order_id -> BigInt,
        store_id -> BigInt,
        code -> Nullable<Text>,
        issued_at -> Nullable<BigInt>,
        verified_at -> Nullable<BigInt>,
        verified_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    products (id) {
        id -> BigInt,
        category_id -> BigInt,
        kind -> Text,
        freight_template_id -> BigInt,
        title -> Text,
        subtitle -> Text,
        brand -> Text,
        tags -> Text,
        cover -> Text,
        gallery -> Text,
        video -> Nullable<Text>,
        description -> Text,
        options -> Text,
        state -> Text,
        on_sale_at -> Nullable<BigInt>,
        off_sale_at -> Nullable<BigInt>,
        sold -> BigInt,
        listed_at -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    refresh_tokens (token_hash) {
        token_hash -> Text,
        session_id -> BigInt,
        issued_at -> BigInt,
        expires_at -> BigInt,
        rotated_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    refunds (id) {
        id -> BigInt,
        payment_id -> BigInt,
        attempt_id -> BigInt,
        out_refund_no -> Text,
        amount_fen -> BigInt,
        cause -> Text,
        reason -> Text,
        state -> Text,
        rounds -> BigInt,
        provider_refund_id -> Nullable<Text>,
        failure -> Nullable<Text>,
        staff_id -> Nullable<BigInt>,
        created_at -> BigInt,
        settled_at -> Nullable<BigInt>,
        next_query_at -> Nullable<BigInt>,
        queries -> BigInt,
    }
}

diesel::table! {
    search_history (user_id, word) {
        user_id -> BigInt,
        word -> Text,
        searched_at -> BigInt,
    }
}

diesel::table! {
    search_words (word) {
        word -> Text,
        searches -> BigInt,
        empty_searches -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    service_codes (id) {
        id -> BigInt,
        entrance_id -> BigInt,
        scene -> Text,
        name -> Text,
        kind -> Text,
        share_token -> Nullable<Text>,
        subject_kind -> Nullable<Text>,
        subject_ref -> Nullable<Text>,
        user_id -> Nullable<BigInt>,
        ticket -> Nullable<Text>,
        url -> Nullable<Text>,
        expires_at -> Nullable<BigInt>,
        created_at -> BigInt,
        made_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    service_pushes (id) {
        id -> BigInt,
        entrance_id -> BigInt,
        dedup_key -> Text,
        nonce_key -> Text,
        openid -> Text,
        kind -> Text,
        words -> Text,
        reply -> Nullable<Text>,
        sent_at -> BigInt,
        received_at -> BigInt,
    }
}

diesel::table! {
    service_replies (id) {
        id -> BigInt,
        entrance_id -> BigInt,
        occasion -> Text,
        matching -> Nullable<Text>,
        words -> Nullable<Text>,
        content -> Text,
        position -> BigInt,
        enabled -> Bool,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    share_merged_users (user_id) {
        user_id -> BigInt,
    }
}

diesel::table! {
    share_opens (id) {
        id -> BigInt,
        token_id -> BigInt,
        user_id -> Nullable<BigInt>,
        device_id -> Nullable<BigInt>,
        edge -> Text,
        opens -> BigInt,
        scene -> Nullable<BigInt>,
        group_id -> Nullable<Text>,
        first_opened_at -> BigInt,
        last_opened_at -> BigInt,
    }
}

diesel::table! {
    share_origins (user_id) {
        user_id -> BigInt,
        inviter_id -> Nullable<BigInt>,
        token_id -> Nullable<BigInt>,
        channel -> Nullable<Text>,
        campaign_id -> Nullable<BigInt>,
        depth -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    share_tokens (id) {
        id -> BigInt,
        token -> Text,
        sharer_id -> BigInt,
        subject_kind -> Text,
        subject_ref -> Text,
        channel -> Text,
        campaign_id -> Nullable<BigInt>,
        parent_id -> Nullable<BigInt>,
        depth -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    ship_gates (order_id, source) {
        order_id -> BigInt,
        source -> Text,
        source_ref -> Text,
        created_at -> BigInt,
        opened_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    shipment_lines (shipment_id, line_id) {
        shipment_id -> BigInt,
        line_id -> BigInt,
        quantity -> BigInt,
    }
}

diesel::table! {
    shipments (id) {
        id -> BigInt,
        order_id -> BigInt,
        kind -> Text,
        carrier_code -> Text,
        tracking_no -> Text,
        shipped_by -> Nullable<BigInt>,
        shipped_at -> BigInt,
        uploaded_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    skus (id) {
        id -> BigInt,
        product_id -> BigInt,
        code -> Text,
        option_values -> Text,
        price_fen -> BigInt,
        market_price_fen -> Nullable<BigInt>,
        cost_fen -> Nullable<BigInt>,
        weight_grams -> BigInt,
        volume_cm3 -> BigInt,
        barcode -> Nullable<Text>,
        picture -> Nullable<Text>,
        position -> BigInt,
        sellable -> Bool,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    sms_codes (phone_hash) {
        phone_hash -> Text,
        code_id -> BigInt,
        code_hash -> Text,
        sealed_phone -> Text,
        sealed_code -> Nullable<Text>,
        tries -> BigInt,
        day -> BigInt,
        day_sends -> BigInt,
        requested_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    social_coupons (campaign_id) {
        campaign_id -> BigInt,
        template_id -> Nullable<BigInt>,
        qualifying_fen -> BigInt,
        face_fen -> BigInt,
        portions -> BigInt,
        minimum_fen -> BigInt,
        shape -> Text,
        newcomers_larger -> Bool,
        open_hours -> BigInt,
        use_threshold_fen -> BigInt,
        use_within_hours -> BigInt,
        stackable -> Bool,
        revoke_on_refund -> Bool,
        packets_per_user -> BigInt,
        claims_per_day -> BigInt,
    }
}

diesel::table! {
    staff_account_roles (staff_id, role_id) {
        staff_id -> BigInt,
        role_id -> BigInt,
    }
}

diesel::table! {
    staff_accounts (id) {
        id -> BigInt,
        username -> Text,
        display_name -> Text,
        password_hash -> Text,
        sealed_totp -> Nullable<Text>,
        pending_totp -> Nullable<Text>,
        totp_step -> Nullable<BigInt>,
        state -> Text,
        failed_logins -> BigInt,
        locked_until -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    staff_approvals (id) {
        id -> BigInt,
        action -> Text,
        subject_id -> BigInt,
        payload -> Text,
        state -> Text,
        requested_by -> BigInt,
        decided_by -> Nullable<BigInt>,
        reason -> Text,
        created_at -> BigInt,
        decided_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    staff_refresh_tokens (token_hash) {
        token_hash -> Text,
        session_id -> BigInt,
        issued_at -> BigInt,
        expires_at -> BigInt,
        rotated_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    staff_role_permissions (role_id, permission) {
        role_id -> BigInt,
        permission -> Text,
    }
}

diesel::table! {
    staff_roles (id) {
        id -> BigInt,
        name -> Text,
        title -> Text,
        built_in -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    staff_sessions (id) {
        id -> BigInt,
        staff_id -> BigInt,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        revoke_reason -> Nullable<Text>,
    }
}

diesel::table! {
    stock_holds (order_id, sku_id) {
        order_id -> BigInt,
        sku_id -> BigInt,
        quantity -> BigInt,
        state -> Text,
    }
}

diesel::table! {
    stock_items (sku_id) {
        sku_id -> BigInt,
        on_hand -> BigInt,
        held -> BigInt,
        sold -> BigInt,
        received -> BigInt,
        removed -> BigInt,
        low_at -> BigInt,
    }
}

diesel::table! {
    stock_movements (id) {
        id -> BigInt,
        sku_id -> BigInt,
        kind -> Text,
        on_hand_change -> BigInt,
        held_change -> BigInt,
        order_id -> Nullable<BigInt>,
        reason -> Text,
        staff_id -> Nullable<BigInt>,
        at -> BigInt,
    }
}

diesel::table! {
    store_staff (store_id, staff_id) {
        store_id -> BigInt,
        staff_id -> BigInt,
    }
}

diesel::table! {
    stores (id) {
        id -> BigInt,
        name -> Text,
        address -> Text,
        phone -> Text,
        opening_hours -> Text,
        latitude -> Nullable<BigInt>,
        longitude -> Nullable<BigInt>,
        state -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    tracking_events (id) {
        id -> BigInt,
        shipment_id -> BigInt,
        happened_at -> BigInt,
        place -> Text,
        description -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        state -> Text,
        nickname -> Text,
        avatar -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        merged_into -> Nullable<BigInt>,
        erased_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    wechat_session_keys (identity_id) {
        identity_id -> BigInt,
        sealed_key -> Text,
        updated_at -> BigInt,
    }
}

diesel::joinable!(access_deliveries -> order_lines (line_id));
diesel::joinable!(access_deliveries -> orders (order_id));
diesel::joinable!(access_deliveries -> skus (sku_id));
diesel::joinable!(access_grants -> skus (sku_id));
diesel::joinable!(account_merge_flags -> account_merges (merge_id));
diesel::joinable!(account_merge_flags -> staff_accounts (settled_by));
diesel::joinable!(account_merge_rows -> account_merges (merge_id));
diesel::joinable!(accounts_apart -> staff_accounts (staff_id));
diesel::joinable!(addresses -> users (user_id));
diesel::joinable!(analytics_event_days -> analytics_event_names (name_id));
diesel::joinable!(analytics_saved_questions -> staff_accounts (created_by));
diesel::joinable!(analytics_segment_people -> analytics_segments (segment_id));
diesel::joinable!(analytics_segments -> staff_accounts (created_by));
diesel::joinable!(analytics_subjects -> users (user_id));
diesel::joinable!(audit_entries -> staff_accounts (staff_id));
diesel::joinable!(bargain_awards -> bargain_rules (campaign_id));
diesel::joinable!(bargain_awards -> coupon_templates (template_id));
diesel::joinable!(bargain_awards -> coupons (coupon_id));
diesel::joinable!(bargain_awards -> users (user_id));
diesel::joinable!(bargain_orders -> bargain_rules (campaign_id));
diesel::joinable!(bargain_orders -> bargains (bargain_id));
diesel::joinable!(bargain_orders -> orders (order_id));
diesel::joinable!(bargain_pieces -> bargains (bargain_id));
diesel::joinable!(bargain_pieces -> users (helper_id));
diesel::joinable!(bargain_prizes -> bargain_rules (campaign_id));
diesel::joinable!(bargain_prizes -> coupon_templates (template_id));
diesel::joinable!(bargain_quotas -> bargain_rules (campaign_id));
diesel::joinable!(bargain_ranks -> bargain_rules (campaign_id));
diesel::joinable!(bargain_ranks -> users (user_id));
diesel::joinable!(bargain_rules -> campaigns (campaign_id));
diesel::joinable!(bargain_rules -> coupon_templates (reward_template_id));
diesel::joinable!(bargain_rules -> skus (sku_id));
diesel::joinable!(bargains -> bargain_rules (campaign_id));
diesel::joinable!(bargains -> orders (order_id));
diesel::joinable!(bargains -> skus (sku_id));
diesel::joinable!(bargains -> users (user_id));
diesel::joinable!(books_differences -> books_nights (night_id));
diesel::joinable!(buy_groups -> campaigns (campaign_id));
diesel::joinable!(buy_groups -> products (product_id));
diesel::joinable!(buy_groups -> users (leader_id));
diesel::joinable!(cart_lines -> devices (device_id));
diesel::joinable!(cart_lines -> skus (sku_id));
diesel::joinable!(cart_lines -> users (user_id));
diesel::joinable!(code_scans -> followings (following_id));
diesel::joinable!(code_scans -> service_codes (code_id));
diesel::joinable!(coupon_allotments -> coupon_templates (template_id));
diesel::joinable!(coupon_codes -> coupon_code_batches (batch_id));
diesel::joinable!(coupon_uses -> coupons (coupon_id));
diesel::joinable!(coupons -> coupon_templates (template_id));
diesel::joinable!(devices -> users (first_user_id));
diesel::joinable!(digital_codes -> digital_loads (load_id));
diesel::joinable!(digital_codes -> order_lines (line_id));
diesel::joinable!(digital_codes -> orders (order_id));
diesel::joinable!(digital_codes -> skus (sku_id));
diesel::joinable!(digital_loads -> skus (sku_id));
diesel::joinable!(digital_loads -> staff_accounts (staff_id));
diesel::joinable!(favourites -> products (product_id));
diesel::joinable!(favourites -> users (user_id));
diesel::joinable!(flash_sale_buyers -> flash_sale_items (item_id));
diesel::joinable!(flash_sale_buyers -> users (user_id));
diesel::joinable!(flash_sale_items -> flash_sale_slots (slot_id));
diesel::joinable!(flash_sale_items -> skus (sku_id));
diesel::joinable!(flash_sale_reminders -> flash_sale_slots (slot_id));
diesel::joinable!(flash_sale_reminders -> users (user_id));
diesel::joinable!(flash_sale_slots -> flash_sales (campaign_id));
diesel::joinable!(flash_sale_takings -> flash_sale_items (item_id));
diesel::joinable!(flash_sale_takings -> orders (order_id));
diesel::joinable!(flash_sale_takings -> users (user_id));
diesel::joinable!(flash_sales -> campaigns (campaign_id));
diesel::joinable!(following_changes -> followings (following_id));
diesel::joinable!(following_changes -> service_codes (code_id));
diesel::joinable!(followings -> entrances (entrance_id));
diesel::joinable!(followings -> service_codes (code_id));
diesel::joinable!(followings -> users (user_id));
diesel::joinable!(footprints -> devices (device_id));
diesel::joinable!(footprints -> products (product_id));
diesel::joinable!(footprints -> users (user_id));
diesel::joinable!(freight_tariffs -> freight_templates (template_id));
diesel::joinable!(group_buy_rules -> campaigns (campaign_id));
diesel::joinable!(group_buy_rules -> products (product_id));
diesel::joinable!(group_buy_skus -> campaigns (campaign_id));
diesel::joinable!(group_buy_skus -> skus (sku_id));
diesel::joinable!(group_seats -> buy_groups (group_id));
diesel::joinable!(group_seats -> campaigns (campaign_id));
diesel::joinable!(group_seats -> orders (order_id));
diesel::joinable!(group_seats -> skus (sku_id));
diesel::joinable!(group_seats -> users (user_id));
diesel::joinable!(guide_links -> entrances (entrance_id));
diesel::joinable!(identities -> users (user_id));
diesel::joinable!(live_comments -> live_rooms (room_id));
diesel::joinable!(live_comments -> staff_accounts (hidden_by));
diesel::joinable!(live_comments -> users (user_id));
diesel::joinable!(live_drop_claims -> coupons (coupon_id));
diesel::joinable!(live_drop_claims -> live_drops (drop_id));
diesel::joinable!(live_drop_claims -> users (user_id));
diesel::joinable!(live_drop_portions -> live_drops (drop_id));
diesel::joinable!(live_drops -> coupon_templates (template_id));
diesel::joinable!(live_drops -> live_rooms (room_id));
diesel::joinable!(live_marks -> live_rooms (room_id));
diesel::joinable!(live_marks -> products (product_id));
diesel::joinable!(live_minutes -> live_rooms (room_id));
diesel::joinable!(live_official_goods -> entrances (entrance_id));
diesel::joinable!(live_official_goods -> products (product_id));
diesel::joinable!(live_official_rooms -> entrances (entrance_id));
diesel::joinable!(live_official_rooms -> live_rooms (room_id));
diesel::joinable!(live_official_shelf -> live_official_goods (goods_row_id));
diesel::joinable!(live_official_shelf -> live_official_rooms (room_id));
diesel::joinable!(live_order_lines -> live_rooms (room_id));
diesel::joinable!(live_order_lines -> orders (order_id));
diesel::joinable!(live_order_lines -> products (product_id));
diesel::joinable!(live_order_lines -> skus (sku_id));
diesel::joinable!(live_order_lines -> users (user_id));
diesel::joinable!(live_price_buyers -> live_prices (price_id));
diesel::joinable!(live_price_buyers -> users (user_id));
diesel::joinable!(live_price_takings -> live_prices (price_id));
diesel::joinable!(live_price_takings -> orders (order_id));
diesel::joinable!(live_price_takings -> users (user_id));
diesel::joinable!(live_prices -> live_rooms (room_id));
diesel::joinable!(live_prices -> skus (sku_id));
diesel::joinable!(live_publishings -> live_rooms (room_id));
diesel::joinable!(live_reminders -> live_rooms (room_id));
diesel::joinable!(live_reminders -> users (user_id));
diesel::joinable!(live_replays -> live_rooms (room_id));
diesel::joinable!(live_room_changes -> live_rooms (room_id));
diesel::joinable!(live_room_changes -> staff_accounts (staff_id));
diesel::joinable!(live_rooms -> products (explaining_id));
diesel::joinable!(live_sanctions -> live_rooms (room_id));
diesel::joinable!(live_sanctions -> users (user_id));
diesel::joinable!(live_shelf -> live_rooms (room_id));
diesel::joinable!(live_shelf -> products (product_id));
diesel::joinable!(live_signals -> live_rooms (room_id));
diesel::joinable!(live_visits -> devices (device_id));
diesel::joinable!(live_visits -> live_rooms (room_id));
diesel::joinable!(live_visits -> users (user_id));
diesel::joinable!(login_sessions -> devices (device_id));
diesel::joinable!(login_sessions -> users (user_id));
diesel::joinable!(oauth_states -> entrances (entrance_id));
diesel::joinable!(order_adjustments -> order_lines (line_id));
diesel::joinable!(order_adjustments -> orders (order_id));
diesel::joinable!(order_history -> orders (order_id));
diesel::joinable!(order_lines -> orders (order_id));
diesel::joinable!(order_lines -> products (product_id));
diesel::joinable!(order_lines -> skus (sku_id));
diesel::joinable!(order_refunds -> orders (order_id));
diesel::joinable!(orders -> users (user_id));
diesel::joinable!(outbox_deliveries -> outbox_events (event_id));
diesel::joinable!(outbox_failures -> outbox_events (event_id));
diesel::joinable!(packet_portions -> coupons (coupon_id));
diesel::joinable!(packet_portions -> orders (order_id));
diesel::joinable!(packet_portions -> packets (packet_id));
diesel::joinable!(packet_portions -> users (claimed_by));
diesel::joinable!(packets -> orders (order_id));
diesel::joinable!(packets -> social_coupons (campaign_id));
diesel::joinable!(packets -> users (user_id));
diesel::joinable!(payment_attempts -> payments (payment_id));
diesel::joinable!(payment_reviews -> staff_accounts (resolved_by));
diesel::joinable!(payments -> users (user_id));
diesel::joinable!(pick_ups -> orders (order_id));
diesel::joinable!(pick_ups -> staff_accounts (verified_by));
diesel::joinable!(pick_ups -> stores (store_id));
diesel::joinable!(products -> categories (category_id));
diesel::joinable!(refresh_tokens -> login_sessions (session_id));
diesel::joinable!(refunds -> payment_attempts (attempt_id));
diesel::joinable!(refunds -> payments (payment_id));
diesel::joinable!(refunds -> staff_accounts (staff_id));
diesel::joinable!(search_history -> users (user_id));
diesel::joinable!(service_codes -> entrances (entrance_id));
diesel::joinable!(service_codes -> users (user_id));
diesel::joinable!(service_pushes -> entrances (entrance_id));
diesel::joinable!(service_replies -> entrances (entrance_id));
diesel::joinable!(share_merged_users -> users (user_id));
diesel::joinable!(share_opens -> devices (device_id));
diesel::joinable!(share_opens -> share_tokens (token_id));
diesel::joinable!(share_opens -> users (user_id));
diesel::joinable!(share_origins -> share_tokens (token_id));
diesel::joinable!(share_origins -> users (user_id));
diesel::joinable!(share_tokens -> users (sharer_id));
diesel::joinable!(ship_gates -> orders (order_id));
diesel::joinable!(shipment_lines -> order_lines (line_id));
diesel::joinable!(shipment_lines -> shipments (shipment_id));
diesel::joinable!(shipments -> orders (order_id));
diesel::joinable!(shipments -> staff_accounts (shipped_by));
diesel::joinable!(skus -> products (product_id));
diesel::joinable!(social_coupons -> campaigns (campaign_id));
diesel::joinable!(social_coupons -> coupon_templates (template_id));
diesel::joinable!(staff_account_roles -> staff_accounts (staff_id));
diesel::joinable!(staff_account_roles -> staff_roles (role_id));
diesel::joinable!(staff_refresh_tokens -> staff_sessions (session_id));
diesel::joinable!(staff_role_permissions -> staff_roles (role_id));
diesel::joinable!(staff_sessions -> staff_accounts (staff_id));
diesel::joinable!(stock_holds -> skus (sku_id));
diesel::joinable!(stock_items -> skus (sku_id));
diesel::joinable!(stock_movements -> skus (sku_id));
diesel::joinable!(store_staff -> staff_accounts (staff_id));
diesel::joinable!(store_staff -> stores (store_id));
diesel::joinable!(tracking_events -> shipments (shipment_id));
diesel::joinable!(wechat_session_keys -> identities (identity_id));

diesel::allow_tables_to_appear_in_same_query!(
    access_deliveries,
    access_grants,
    account_merge_flags,
    account_merge_rows,
    account_merges,
    accounts_apart,
    addresses,
    analytics_counters,
    analytics_erased_subjects,
    analytics_event_days,
    analytics_event_names,
    analytics_files,
    analytics_inbox,
    analytics_property_names,
    analytics_saved_questions,
    analytics_seen,
    analytics_segment_people,
    analytics_segment_uses,
    analytics_segments,
    analytics_streams,
    analytics_subjects,
    audit_entries,
    bargain_awards,
    bargain_orders,
    bargain_pieces,
    bargain_prizes,
    bargain_quotas,
    bargain_ranks,
    bargain_rules,
    bargains,
    books_differences,
    books_nights,
    buy_groups,
    campaign_actions,
    campaign_audience,
    campaign_budgets,
    campaign_changes,
    campaign_days,
    campaign_grants,
    campaign_orders,
    campaign_outcomes,
    campaign_participants,
    campaign_risk_alerts,
    campaign_risk_rules,
    campaign_uses,
    campaign_watches,
    campaigns,
    cart_lines,
    catalog_changes,
    catalog_revisions,
    categories,
    code_scans,
    coupon_allotments,
    coupon_code_batches,
    coupon_code_tries,
    coupon_codes,
    coupon_grant_runs,
    coupon_grant_targets,
    coupon_history,
    coupon_staff_days,
    coupon_template_users,
    coupon_templates,
    coupon_user_counts,
    coupon_uses,
    coupons,
    devices,
    digital_codes,
    digital_loads,
    entrances,
    favourites,
    flash_sale_buyers,
    flash_sale_items,
    flash_sale_reminders,
    flash_sale_slots,
    flash_sale_takings,
    flash_sales,
    following_changes,
    followings,
    footprints,
    freight_tariffs,
    freight_templates,
    group_buy_rules,
    group_buy_skus,
    group_seats,
    guide_links,
    idempotency_keys,
    identities,
    identity_conflicts,
    jobs,
    leases,
    ledger_entries,
    live_comments,
    live_drop_claims,
    live_drop_portions,
    live_drops,
    live_marks,
    live_minutes,
    live_official_goods,
    live_official_rooms,
    live_official_shelf,
    live_order_lines,
    live_price_buyers,
    live_price_takings,
    live_prices,
    live_publishings,
    live_reminders,
    live_replays,
    live_room_changes,
    live_rooms,
    live_sanctions,
    live_shelf,
    live_signals,
    live_visits,
    login_sessions,
    oauth_states,
    order_adjustments,
    order_history,
    order_lines,
    order_refunds,
    orders,
    outbox_deliveries,
    outbox_events,
    outbox_failures,
    packet_portions,
    packets,
    payment_attempts,
    payment_notices,
    payment_reviews,
    payments,
    pick_ups,
    products,
    refresh_tokens,
    refunds,
    search_history,
    search_words,
    service_codes,
    service_pushes,
    service_replies,
    share_merged_users,
    share_opens,
    share_origins,
    share_tokens,
    ship_gates,
    shipment_lines,
    shipments,
    skus,
    sms_codes,
    social_coupons,
    staff_account_roles,
    staff_accounts,
    staff_approvals,
    staff_refresh_tokens,
    staff_role_permissions,
    staff_roles,
    staff_sessions,
    stock_holds,
    stock_items,
    stock_movements,
    store_staff,
    stores,
    tracking_events,
    users,
    wechat_session_keys,
);
