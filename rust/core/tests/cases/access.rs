//! Whose memory and whose handle it is.

use ndiswan::event::{Part, Side};
use ndiswan::{Config, Deserialized, Dispatch, FinalStatus, Rule, Status, WanInfo, at_passive};

use super::ownership::by_name;
use crate::support::card::{Card, Rig};

/// Counts the octets after it has completed.
pub fn touch(breaks: bool) -> Vec<Rule> {
    let rig = Rig::new(Config::default(), by_name(), 4);
    rig.send();
    let name = rig.card.last();
    let length = |name| {
        let read = |packet: &mut ndiswan::packet::WanPacket| packet.current_length();
        rig.adapter().with_packet(name, Side::Miniport, Part::Data, read).map_err(|v| v.rule)
    };
    assert_eq!(length(name), Ok(5));
    rig.adapter().wan_send_complete(name, Status::SUCCESS).unwrap();
    if breaks {
        assert_eq!(length(name), Err(Rule::Touch));
    }
    rig.close()
}

/// Uses ProtocolReserved as a fifth scratch word.
pub fn reserved(breaks: bool) -> Vec<Rule> {
    let rig = Rig::new(Config::default(), by_name(), 4);
    rig.send();
    let name = rig.card.last();
    let part = if breaks { Part::ProtocolReserved } else { Part::MacReserved };
    let used = rig.adapter().with_packet(name, Side::Miniport, part, |p| p.mac_reserved[0] = 1);
    assert_eq!(used.is_err(), breaks);
    rig.adapter().wan_send_complete(name, Status::SUCCESS).unwrap();
    rig.close()
}

/// Asked for four octets and prepends eight.
pub fn padding(breaks: bool) -> Vec<Rule> {
    let card = Card::<Deserialized>::new(move |_, _, mut packet| {
        let header = [0; 8];
        let length = if breaks { 8 } else { 4 };
        assert_eq!(packet.prepend(&header[..length]).is_err(), breaks);
        packet.complete(FinalStatus::SUCCESS)
    });
    let info = WanInfo { header_padding: 4, ..WanInfo::default() };
    let rig = Rig::new(Config::default(), card.with(|card| card.info = info), 4);
    assert_eq!(rig.send(), Status::SUCCESS);
    rig.close()
}

/// Indicates line-down with the link of a call that was closed.
pub fn handle(breaks: bool) -> Vec<Rule> {
    let rig = Rig::new(Config::default(), Card::<Deserialized>::keeping(), 4);
    if breaks {
        rig.link.close().unwrap();
    }
    let at_dispatch = |cx: &mut ndiswan::Cx<Dispatch>| {
        assert_eq!(cx.irql(), ndiswan::Irql::DISPATCH);
        rig.adapter().line_down(&rig.link).is_err()
    };
    assert_eq!(at_passive(|cx| cx.raise(at_dispatch)).unwrap(), breaks);
    rig.close()
}
