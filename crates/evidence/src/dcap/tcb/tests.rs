use super::TcbStatus::{self, *};

#[test]
fn an_outdated_component_makes_the_platform_outdated() {
    for (platform, expected) in [
        (UpToDate, OutOfDate),
        (SwHardeningNeeded, OutOfDate),
        (ConfigurationNeeded, OutOfDateConfigurationNeeded),
        (ConfigurationAndSwHardeningNeeded, OutOfDateConfigurationNeeded),
        (OutOfDate, OutOfDate),
        (OutOfDateConfigurationNeeded, OutOfDateConfigurationNeeded),
        (Revoked, Revoked),
    ] {
        assert_eq!(platform.converged_with(OutOfDate), expected, "{platform}");
    }
}

#[test]
fn a_current_component_changes_nothing_and_a_revoked_one_everything() {
    for platform in TcbStatus::ALL {
        assert_eq!(platform.converged_with(UpToDate), platform);
        assert_eq!(platform.converged_with(Revoked), Revoked);
    }
}

#[test]
fn an_outdated_launch_on_an_updated_platform_asks_for_a_relaunch() {
    for (launch, current, expected) in [
        (OutOfDate, UpToDate, TdRelaunchAdvised),
        (OutOfDate, SwHardeningNeeded, TdRelaunchAdvised),
        (
            OutOfDate,
            ConfigurationNeeded,
            TdRelaunchAdvisedConfigurationNeeded,
        ),
        (
            OutOfDate,
            ConfigurationAndSwHardeningNeeded,
            TdRelaunchAdvisedConfigurationNeeded,
        ),
        (
            OutOfDateConfigurationNeeded,
            UpToDate,
            TdRelaunchAdvisedConfigurationNeeded,
        ),
        (
            OutOfDateConfigurationNeeded,
            SwHardeningNeeded,
            TdRelaunchAdvisedConfigurationNeeded,
        ),
        (OutOfDate, OutOfDate, OutOfDate),
        (
            OutOfDateConfigurationNeeded,
            OutOfDate,
            OutOfDateConfigurationNeeded,
        ),
        (UpToDate, OutOfDate, UpToDate),
        (SwHardeningNeeded, UpToDate, SwHardeningNeeded),
        (ConfigurationNeeded, UpToDate, ConfigurationNeeded),
    ] {
        assert_eq!(
            launch.with_current(current),
            expected,
            "{launch} at launch, {current} now"
        );
    }
}

#[test]
fn names_are_intels_and_read_back() {
    for status in TcbStatus::ALL {
        assert_eq!(status.to_string().parse(), Ok(status));
    }
    assert_eq!(SwHardeningNeeded.name(), "SWHardeningNeeded");
    assert!("uptodate".parse::<TcbStatus>().is_err());
}
