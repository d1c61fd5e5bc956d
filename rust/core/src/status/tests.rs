//! Facts about statuses, each in a test's name.

use std::collections::BTreeSet;

use super::{FinalStatus, PendingIsNotFinal, Severity, Status, StatusClass};

fn count(class: StatusClass) -> usize {
    Status::ALL.iter().filter(|(_, status)| status.class() == Some(class)).count()
}

#[test]
fn the_headers_publish_219_statuses() {
    assert_eq!(count(StatusClass::Core), 84);
    assert_eq!(count(StatusClass::Tapi), 45);
    assert_eq!(count(StatusClass::Ndis6), 90);
    assert_eq!(Status::ALL.len(), 219);
}

#[test]
fn no_two_statuses_share_a_value_or_a_name() {
    let values: BTreeSet<u32> = Status::ALL.iter().map(|(_, status)| status.0).collect();
    let names: BTreeSet<&str> = Status::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!((values.len(), names.len()), (Status::ALL.len(), Status::ALL.len()));
}

#[test]
fn statuses_are_listed_by_class_and_then_by_value() {
    let order = |&(_, status): &(&str, Status)| (status.class(), status.0);
    assert!(Status::ALL.is_sorted_by_key(order));
}

#[test]
fn the_values_are_those_of_the_headers() {
    assert_eq!(Status::SUCCESS.0, 0);
    assert_eq!(Status::PENDING.0, 0x103);
    assert_eq!(Status::FAILURE.0, 0xC000_0001);
    assert_eq!(Status::RESOURCES.0, 0xC000_009A);
    assert_eq!(Status::REQUEST_ABORTED.0, 0xC001_000C);
    assert_eq!(Status::WAN_LINE_UP.0, 0x4001_0008);
    assert_eq!(Status::TAPI_RECV_DIGIT.0, 0x4001_0020);
    assert_eq!(Status::PM_PROTOCOL_OFFLOAD_LIST_FULL.0, 0xC023_2004);
}

#[test]
fn a_name_leads_to_its_status_and_back() {
    for &(name, status) in Status::ALL {
        assert_eq!(status.name(), Some(name));
        assert_eq!(Status::by_name(name), Some(status));
        assert_eq!(format!("NDIS_STATUS_{name}").parse(), Ok(status));
    }
    assert_eq!(Status::by_name("NO_SUCH_STATUS"), None);
    let said = "MAYBE".parse::<Status>().unwrap_err().to_string();
    assert!(said.contains("MAYBE") && said.contains("NDIS_STATUS_SUCCESS"), "{said}");
}

#[test]
fn tapi_statuses_are_exactly_those_named_so() {
    for (name, status) in Status::ALL {
        assert_eq!(name.starts_with("TAPI_"), status.class() == Some(StatusClass::Tapi), "{name}");
    }
}

#[test]
fn the_two_top_bits_are_the_severity_so_pending_is_a_success_by_its_sign() {
    assert_eq!(Status::PENDING.severity(), Severity::Success);
    assert_eq!(Status::WAN_LINE_UP.severity(), Severity::Informational);
    assert_eq!(Status::SOFT_ERRORS.severity(), Severity::Warning);
    assert_eq!(Status::FAILURE.severity(), Severity::Error);
}

#[test]
fn only_pending_is_not_final() {
    for &(name, status) in Status::ALL {
        assert_eq!(status.is_final(), name != "PENDING");
    }
}

#[test]
fn an_unpublished_number_survives() {
    let odd = Status::from(0xDEAD_BEEF);
    assert_eq!((odd.name(), odd.class(), odd.is_known()), (None, None, false));
    assert_eq!(u32::from(odd), 0xDEAD_BEEF);
    let json = serde_json::to_string(&odd).unwrap();
    assert_eq!(serde_json::from_str::<Status>(&json).unwrap(), odd);
    assert_eq!(FinalStatus::new(odd).unwrap().get(), odd);
}

#[test]
fn a_status_prints_its_name_and_its_number() {
    assert_eq!(Status::PENDING.to_string(), "NDIS_STATUS_PENDING (0x00000103)");
    assert_eq!(format!("{:?}", Status::RESOURCES), "NDIS_STATUS_RESOURCES (0xC000009A)");
    assert_eq!(Status(0xDEAD_BEEF).to_string(), "0xDEADBEEF (not a published NDIS_STATUS)");
    assert_eq!(FinalStatus::FAILURE.to_string(), Status::FAILURE.to_string());
}

#[test]
fn a_final_status_is_never_pending() {
    assert_eq!(FinalStatus::new(Status::PENDING), Err(PendingIsNotFinal));
    assert_eq!(FinalStatus::try_from(Status::SUCCESS), Ok(FinalStatus::SUCCESS));
    assert_eq!(Status::from(FinalStatus::REQUEST_ABORTED), Status::REQUEST_ABORTED);
    assert!(serde_json::from_str::<FinalStatus>("259").is_err());
    assert!(PendingIsNotFinal.to_string().contains("NDIS_STATUS_PENDING"));
}
