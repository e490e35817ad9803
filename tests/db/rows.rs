//! Rows to store.

use rollcall::clock::Timestamp;
use rollcall::db::accounts::Account;
use rollcall::db::admins::Admin;
use rollcall::db::directories::{Directory, FailingColumns};
use rollcall::db::types::Json;
use rollcall::domain::account::AccountStatus;
use rollcall::domain::directory::{DirectoryState, InactivePolicy, Relink};
use rollcall::domain::employee::EmailNorm;
use rollcall::domain::ids::{AccountId, AdminId, DirectoryId, OrganizationId};
use rollcall::domain::provider::ProviderKind;

/// An admin of an organization.
pub fn admin(id: &str, organization: &OrganizationId, email: &str) -> Admin {
    Admin {
        id: AdminId::from_text(id),
        organization_id: organization.clone(),
        email: email.to_owned(),
        email_norm: EmailNorm::of(email),
        name: "Nobody".to_owned(),
        created_at_ms: Timestamp(0),
        updated_at_ms: Timestamp(0),
    }
}

/// An account of an organization.
pub fn account(id: &str, organization: &OrganizationId, email: &str) -> Account {
    Account {
        id: AccountId::from_text(id),
        organization_id: organization.clone(),
        email: email.to_owned(),
        email_norm: Some(EmailNorm::of(email)),
        first_name: None,
        last_name: None,
        external_id: None,
        status: AccountStatus::Active,
        manager_account_id: None,
        department_id: None,
        position_id: None,
        office_location_id: None,
        start_date: None,
        leaving_date: None,
        protected: false,
        attributes: Json::default(),
        version: 1,
        created_at_ms: Timestamp(0),
        updated_at_ms: Timestamp(0),
    }
}

/// An active directory of an organization; its webhook token's hash is its id.
pub fn directory(id: &str, organization: &OrganizationId) -> Directory {
    Directory {
        id: DirectoryId::from_text(id),
        organization_id: organization.clone(),
        provider: ProviderKind::PeopleHr,
        open_key: Some(Directory::open_key_of(organization, ProviderKind::PeopleHr)),
        name: "People HR".to_owned(),
        state: DirectoryState::Active,
        strict: false,
        poll_seconds: 3_600,
        inactive_policy: InactivePolicy::Keep,
        relink: Relink::Ledger,
        external_key: "key".to_owned(),
        webhook_token_hash: Some(id.as_bytes().to_vec()),
        webhook_token_sealed: None,
        credential_sealed: None,
        credential_last4: None,
        credential_checked_at_ms: None,
        missing_permissions: Json(Vec::new()),
        credential_generation: 0,
        tenant_key: None,
        company_generation: 0,
        credential_tenant_key: None,
        observation_seq: 0,
        next_sync_at_ms: None,
        last_success_at_ms: None,
        failing: FailingColumns::default(),
        silent_since_ms: None,
        activated_at_ms: None,
        disabled_at_ms: None,
        clearing_since_ms: None,
        created_at_ms: Timestamp(0),
        updated_at_ms: Timestamp(0),
    }
}
