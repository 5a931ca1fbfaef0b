"""The behaviours that apply-and-prune engines before this one were tested for, and where each is tested here.

They are collected from kubectl, kro, cli-utils, Flux, Helm, kapp and Argo CD. ``NAMES`` has the names in the
order of their numbers, from 1; ``TESTED`` gives, per file below ``tests``, the function that stands for each,
``DOES_NOT_APPLY`` the reason where there is none.
"""

from __future__ import annotations

# fmt: off
NAMES = (
    "id_vectors", "labels_added", "label_in_input_refused", "parent_created", "gk_sorted_union",
    "failed_delete_keeps_superset", "next_run_finishes", "no_gk_annotation", "unknown_gk", "no_tooling",
    "foreign_tool", "tool_without_version", "tool_with_slashes", "no_id_label", "wrong_id",
    "parent_conflict_forced", "deprecated_gr", "parent_types", "cr_parent", "dryrun_writes_nothing",
    "prune_simple", "prune_error_reported", "multi_namespace", "old_namespace", "old_kind",
    "duplicate_object", "failed_apply_never_pruned", "daemonset_to_deployment", "idempotent_second_run",
    "prune_preview", "cohabiting_uid", "keep_annotation", "keep_needs_exact_value", "keep_dry_run",
    "namespace_in_use", "delete_404", "uid_precondition", "owner_mismatch", "inoperable_ns",
    "survivors_retried", "relabelled_not_owned", "empty_set", "stages", "stage_failure_reports",
    "crd_then_cr_same_set", "bad_crd_continues", "reverse_delete_order", "kind_order",
    "kapp_wait_before_upsert_rules", "noop_not_applied", "only_changed", "label_removed_is_drift",
    "map_key_removed", "stringdata_key_rename", "secret_masked", "secret_pruned_masked",
    "secret_error_clean", "force_recreate", "recreate_waits_finalizer", "force_with_invalid_spec",
    "field_conflict_surfaces", "quota_conflict_retried", "ssa_unsupported", "webhook_not_ready",
    "csa_takeover", "flux_style_cleanup", "cabundle_untouched", "ignored_field",
    "missing_namespace_dry_run", "deploy_wait", "ds_wait_update_race", "ds_no_status", "lb_service",
    "crd_wait", "job_wait", "cr_wait", "uid_changed_in_wait", "fail_fast", "wait_timeout_names_objects",
    "wait_transient_errors", "hooks_from_template", "list_forbidden", "broken_apiservice",
    "terminating_member", "scope_never_leaks",
)
# fmt: on

TESTED: dict[str, dict[str, str]] = {
    "unit/kube/test_applyset.py": {
        "id_vectors": "test_id_vectors",
    },
    "apiserver/engine/test_parent.py": {
        "labels_added": "test_labels_added",
        "parent_created": "test_parent_created",
        "gk_sorted_union": "test_gk_sorted_union",
        "failed_delete_keeps_superset": "test_failed_delete_keeps_superset_and_next_run_finishes",
        "next_run_finishes": "test_failed_delete_keeps_superset_and_next_run_finishes",
        "no_gk_annotation": "test_damaged_or_foreign_parent_is_refused_before_any_write",
        "unknown_gk": "test_damaged_or_foreign_parent_is_refused_before_any_write",
        "no_tooling": "test_damaged_or_foreign_parent_is_refused_before_any_write",
        "foreign_tool": "test_damaged_or_foreign_parent_is_refused_before_any_write",
        "tool_without_version": "test_damaged_or_foreign_parent_is_refused_before_any_write",
        "tool_with_slashes": "test_damaged_or_foreign_parent_is_refused_before_any_write",
        "no_id_label": "test_damaged_or_foreign_parent_is_refused_before_any_write",
        "wrong_id": "test_damaged_or_foreign_parent_is_refused_before_any_write",
        "parent_types": "test_parent_types",
        "parent_conflict_forced": "test_parent_conflict_forced",
        "deprecated_gr": "test_deprecated_gr",
        "dryrun_writes_nothing": "test_dryrun_writes_nothing",
    },
    "apiserver/engine/test_apply.py": {
        "label_in_input_refused": "test_label_in_input_refused",
        "duplicate_object": "test_duplicate_object",
        "failed_apply_never_pruned": "test_failed_apply_never_pruned",
        "stages": "test_stages",
        "stage_failure_reports": "test_stage_failure_reports_what_was_done",
        "crd_then_cr_same_set": "test_crd_then_cr_same_set",
        "bad_crd_continues": "test_bad_crd_continues",
        "only_changed": "test_only_changed",
        "label_removed_is_drift": "test_label_removed_is_drift",
        "map_key_removed": "test_map_key_removed",
        "missing_namespace_dry_run": "test_missing_namespace",
    },
    "apiserver/engine/test_prune_races.py": {
        "delete_404": "test_delete_404",
        "uid_precondition": "test_uid_precondition",
    },
    "apiserver/engine/test_prune.py": {
        "prune_simple": "test_prune_simple",
        "prune_error_reported": "test_prune_error_reported",
        "multi_namespace": "test_multi_namespace",
        "old_namespace": "test_old_namespace",
        "old_kind": "test_old_kind",
        "daemonset_to_deployment": "test_daemonset_to_deployment",
        "idempotent_second_run": "test_idempotent_second_run",
        "prune_preview": "test_prune_preview",
        "cohabiting_uid": "test_cohabiting_uid",
        "keep_annotation": "test_kept_by_annotation_and_detached",
        "keep_needs_exact_value": "test_keep_needs_exact_value",
        "keep_dry_run": "test_kept_by_annotation_and_detached",
        "namespace_in_use": "test_namespace_in_use",
        "inoperable_ns": "test_inoperable_ns",
        "survivors_retried": "test_survivors_retried",
        "relabelled_not_owned": "test_relabelled_not_owned",
        "empty_set": "test_empty_set",
        "reverse_delete_order": "test_reverse_delete_order",
        "list_forbidden": "test_list_forbidden",
        "terminating_member": "test_terminating_member",
        "scope_never_leaks": "test_scope_never_leaks",
    },
    "apiserver/engine/test_takeover.py": {
        "owner_mismatch": "test_owner_mismatch",
        "field_conflict_surfaces": "test_field_conflict_surfaces",
        "flux_style_cleanup": "test_objects_of_other_tools_converge",
        "ignored_field": "test_ignored_field",
    },
    "unit/kube/test_order.py": {
        "kind_order": "test_kind_order",
        "kapp_wait_before_upsert_rules": "test_prerequisites_come_before_workloads_and_services_do_not_block",
    },
    "apiserver/engine/test_noop.py": {
        "noop_not_applied": "test_noop_not_applied",
        "cabundle_untouched": "test_cabundle_untouched",
    },
    "apiserver/engine/test_secrets.py": {
        "stringdata_key_rename": "test_stringdata_key_rename",
        "secret_masked": "test_secret_masked",
        "secret_pruned_masked": "test_secret_pruned_masked",
        "secret_error_clean": "test_secret_error_clean",
    },
    "apiserver/engine/test_immutable.py": {
        "force_recreate": "test_force_recreate",
        "recreate_waits_finalizer": "test_recreate_waits_for_a_finalizer",
        "force_with_invalid_spec": "test_force_with_invalid_spec_deletes_nothing",
    },
    "apiserver/engine/test_faults.py": {
        "quota_conflict_retried": "test_retries_end_at_the_deadline",
        "ssa_unsupported": "test_lasting_faults_are_not_tried_again",
        "webhook_not_ready": "test_passing_faults_are_tried_again",
        "csa_takeover": "test_csa_takeover_survives_a_conflict",
    },
    "unit/kube/test_readiness_workloads.py": {
        "deploy_wait": "test_70_deploy_wait",
        "ds_wait_update_race": "test_71_ds_wait_update_race",
        "ds_no_status": "test_72_ds_no_status",
    },
    "unit/kube/test_readiness.py": {
        "lb_service": "test_73_lb_service",
        "crd_wait": "test_74_crd_wait",
        "job_wait": "test_75_job_wait",
        "cr_wait": "test_76_cr_wait",
    },
    "unit/kube/test_wait.py": {
        "uid_changed_in_wait": "test_77_uid_changed_in_wait_fails_after_an_apply",
        "fail_fast": "test_78_fail_fast_stops_at_the_first_failure",
        "wait_timeout_names_objects": "test_79_wait_timeout_names_objects",
        "wait_transient_errors": "test_80_wait_transient_errors_are_borne",
    },
    "unit/chart/test_adjust.py": {
        "hooks_from_template": "test_hooks_and_test_pods_are_dropped",
    },
    "apiserver/engine/test_discovery.py": {
        "broken_apiservice": "test_broken_apiservice",
    },
}

DOES_NOT_APPLY: dict[str, str] = {
    "cr_parent": "a parent is always a Secret: no caller can ask for a custom resource",
}
