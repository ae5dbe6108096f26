//! `GET /tcbbaselines/{type}`: the TCB baselines that a policy can choose.

use attestry_api::AttestationType;
use axum::{Json, extract::State};
use serde::Serialize;

use super::{
    ApiError, App,
    address::ForProvider,
    api_version::Version,
    caller::{Caller, may_read},
    path::Segment,
};
use crate::attest::TcbBaseline;

/// MAA's list of baselines.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Baselines {
    tcb_baselines: Vec<Baseline>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Baseline {
    tcb_identifier: String,
    tcb_evaluation_data_number: u32,
    tcb_release_date: Option<String>,
    minimum_psw_linux_version: Option<&'static str>,
    minimum_psw_windows_version: Option<&'static str>,
    is_selected_tcb: bool,
}

pub(super) async fn get(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    caller: Result<Caller, ApiError>,
    Segment(name): Segment,
) -> Result<Json<Baselines>, ApiError> {
    let kind: AttestationType = name
        .parse()
        .map_err(|error| ApiError::parameter("unknown_type", "type", error))?;
    may_read(&app, caller, &provider)?;
    let baselines = app.attestor.baselines(&provider, kind).await;
    let tcb_baselines = baselines.into_iter().map(shown).collect();
    Ok(Json(Baselines { tcb_baselines }))
}

fn shown(baseline: TcbBaseline) -> Baseline {
    Baseline {
        tcb_identifier: baseline.identifier,
        tcb_evaluation_data_number: baseline.number,
        // MAA writes the time without its zone.
        tcb_release_date: baseline
            .released
            .map(|released| released.to_string().trim_end_matches('Z').to_owned()),
        minimum_psw_linux_version: baseline.platform_software.map(|(linux, _)| linux),
        minimum_psw_windows_version: baseline.platform_software.map(|(_, windows)| windows),
        is_selected_tcb: baseline.selected,
    }
}
