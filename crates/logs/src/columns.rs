//! Columns of a line as slots of an event.

use haechi_model::Log;
use haechi_model::event::{Fields, Found, Slot};

/// Which columns somebody wants, found out at the first line.
pub(crate) struct Columns<const N: usize> {
    names: &'static [&'static str; N],
    slots: Option<[Option<Slot>; N]>,
}

impl<const N: usize> Columns<N> {
    pub(crate) const fn of(names: &'static [&'static str; N]) -> Self {
        Self { names, slots: None }
    }

    /// Fills the slots from where the columns are in the text.
    pub(crate) fn fill(&mut self, fields: &Fields, spans: &[Option<(usize, usize)>; N], slots: &mut Vec<Found>) {
        let wanted = self.slots.get_or_insert_with(|| std::array::from_fn(|at| fields.slot(self.names[at])));
        slots.clear();
        slots.resize(fields.len(), Found::default());
        for (slot, span) in wanted.iter().zip(spans) {
            if let (Some(slot), Some((start, end))) = (slot, span) {
                slots[slot.index()] = Found::span(*start as u32, *end as u32);
            }
        }
    }
}

/// The names of the columns of a log of lines; none of a log of JSON records.
pub fn column_names(log: Log) -> &'static [&'static str] {
    match log {
        Log::VpcFlow => &crate::flow_lines::KNOWN,
        Log::S3Access => &crate::s3_access::COLUMNS,
        Log::RdsLogin => &crate::rds::COLUMNS,
        Log::CloudTrail | Log::ResolverQuery | Log::EksAudit | Log::Waf => &[],
    }
}
