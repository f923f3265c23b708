//! Which tenant a name means.

use allhours_domain::ids::TenantId;
use uuid::Uuid;

use crate::clock;

/// The name space of tenants that are called by a name; never changed.
const TENANTS: Uuid = Uuid::from_u128(0x8f1d_63c0_2b7e_4d5a_9c64_0e5b_a1f7_3d28);

/// The tenant that `name` means: its id if it is one, otherwise the id derived from it.
#[must_use]
pub fn tenant_id(name: &str) -> TenantId {
    let named = || clock::derived_id(TENANTS, name);
    TenantId(Uuid::parse_str(name).unwrap_or_else(|_| named()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_name_and_its_id_mean_the_same_tenant() {
        let demo = tenant_id("demo");
        assert_eq!(demo.to_string(), "baab0a77-4790-5eae-bb77-f7039e51c8d1");
        assert_eq!(tenant_id(&demo.to_string()), demo);
        assert_ne!(tenant_id("other"), demo);
    }
}
