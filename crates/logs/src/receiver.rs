//! Who takes what is read, and which fields of which log they want.

use std::ops::ControlFlow;
use std::path::Path;

use haechi_model::Log;
use haechi_model::event::{Event, FieldError, Fields, Flow, Slot};

/// Takes events, and flows as flows. A closure over events is one that wants no flows.
pub trait Receiver {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()>;

    /// A line of a flow log, where [`LogFields::flows`] was asked for.
    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        let _ = flow;
        ControlFlow::Continue(())
    }

    /// A file was read to its end: what was gathered from it may go on its way.
    fn end(&mut self, file: &Path) -> ControlFlow<()> {
        let _ = file;
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(&Event<'_>) -> ControlFlow<()>> Receiver for F {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self(event)
    }
}

/// The logs that somebody wants, each with its fields. Files of other logs are told apart, and not read.
#[derive(Debug, Clone, Default)]
pub struct LogFields {
    fields: [Option<Fields>; Log::ALL.len()],
    flows: bool,
}

impl LogFields {
    /// Wants the events of a log, with these fields beside those that every event has.
    pub fn want<'p>(&mut self, log: Log, paths: impl IntoIterator<Item = &'p str>) -> Result<(), FieldError> {
        let fields = &mut self.fields[log as usize];
        if fields.is_none() {
            *fields = Some(Fields::new(core_paths(log).iter().copied())?);
        }
        let fields = fields.as_mut().expect("set above");
        paths.into_iter().try_for_each(|path| fields.add(path).map(drop))
    }

    /// The fields that a log's reader wants before all others.
    pub fn base(log: Log) -> Fields {
        // They are paths, and few.
        Fields::new(core_paths(log).iter().copied()).unwrap_or_else(|_| unreachable!("the reader's own fields"))
    }

    /// Wants the events of a log with fields that were made from [`LogFields::base`].
    pub fn take(&mut self, log: Log, fields: Fields) {
        self.fields[log as usize] = Some(fields);
    }

    /// Wants flow logs as [`Flow`]s. They are made into events only where [`LogFields::want`] asks for these too.
    pub fn want_flows(&mut self) {
        self.flows = true;
    }

    pub fn flows(&self) -> bool {
        self.flows
    }

    pub fn fields(&self, log: Log) -> Option<&Fields> {
        self.fields[log as usize].as_ref()
    }

    /// The slot of a field that was asked for.
    pub fn slot(&self, log: Log, path: &str) -> Option<Slot> {
        self.fields(log)?.slot(path)
    }
}

/// What a log's reader needs of each record, in this order: the slots are known by their numbers.
pub(crate) fn core_paths(log: Log) -> &'static [&'static str] {
    match log {
        Log::CloudTrail => &haechi_model::event::core::PATHS,
        Log::ResolverQuery => &crate::resolver::PATHS,
        Log::EksAudit => &crate::eks::PATHS,
        Log::Waf => &crate::waf::PATHS,
        // Of lines, the reader knows the columns.
        Log::VpcFlow | Log::S3Access | Log::RdsLogin => &[],
    }
}

/// The fields of each log, borrowed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'f> {
    pub(crate) fields: [Option<&'f Fields>; Log::ALL.len()],
    pub(crate) flows: bool,
}

impl<'f> Asked<'f> {
    /// CloudTrail's events only.
    pub(crate) fn trail(fields: &'f Fields) -> Self {
        let mut asked = Self::default();
        asked.fields[Log::CloudTrail as usize] = Some(fields);
        asked
    }

    pub(crate) fn of(wanted: &'f LogFields) -> Self {
        let mut asked = Self { flows: wanted.flows, ..Self::default() };
        for log in Log::ALL {
            asked.fields[log as usize] = wanted.fields(log);
        }
        asked
    }

    pub(crate) fn fields(&self, log: Log) -> Option<&'f Fields> {
        self.fields[log as usize]
    }

    pub(crate) fn wants(&self, log: Log) -> bool {
        self.fields(log).is_some() || log == Log::VpcFlow && self.flows
    }
}
