//! Functions of time. Each tells the evaluation when its answer may change.

use haechi_model::Timestamp;

use crate::frame::Frame;
use crate::value::Val;

/// Numbers from here on are milliseconds: as seconds they would lie beyond the year 5138.
const MILLISECONDS_FROM: f64 = 1e11;

fn moment(value: &Val<'_>) -> Option<Timestamp> {
    match value {
        Val::Time(time) => Some(*time),
        Val::Int(_) | Val::Double(_) => {
            let number = value.number().filter(|number| number.abs() < 2.5e14)?;
            let micros = if number.abs() >= MILLISECONDS_FROM { number * 1e3 } else { number * 1e6 };
            Some(Timestamp::from_micros(micros.round() as i64))
        }
        other => Timestamp::parse(other.text()?).ok(),
    }
}

fn days(value: &Val<'_>) -> Option<i64> {
    let days = value.number()?;
    Some((days * Timestamp::DAY as f64) as i64)
}

pub fn timestamp<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    moment(&arguments[0]).map_or(Val::Null, Val::Time)
}

/// Whether the moment lies more than some days before now; no once it is no moment.
pub fn older_than<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let (Some(moment), Some(age)) = (moment(&arguments[0]), days(&arguments[1])) else { return Val::Bool(false) };
    let flips = moment.plus_micros(age).plus_micros(1);
    if frame.now < flips {
        frame.holds_until(flips);
    }
    Val::Bool(frame.now >= flips)
}

/// Whether the moment lies in the past or in the next days.
pub fn within<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let (Some(moment), Some(ahead)) = (moment(&arguments[0]), days(&arguments[1])) else { return Val::Bool(false) };
    let flips = moment.plus_micros(ahead.saturating_neg());
    if frame.now < flips {
        frame.holds_until(flips);
    }
    Val::Bool(frame.now >= flips)
}
