//! Commands that use a part of the settings.

use super::*;

/// Whether it can be used so, or what is told.
fn told(uses: Uses, variables: &[(&str, &str)]) -> String {
    load_from::<Config>(&PROGRAM, uses, variables.iter().copied())
        .map_or_else(|problems| problems.to_string(), |_| "usable".to_owned())
}

#[test]
fn a_command_is_told_what_is_wrong_in_its_sections_only() {
    let postgres = Uses::Sections(&["accounts.postgres"]);
    let wrong_elsewhere = [("FAIRLEAD__ACCOUNTS__DOOR__OPEN", "maybe")];

    let missing = told(postgres, &wrong_elsewhere);

    assert_eq!(missing, "FAIRLEAD__ACCOUNTS__POSTGRES__URL  must be set\n");
    assert_eq!(told(postgres, &[URL, wrong_elsewhere[0]]), "usable");
    assert_eq!(told(Uses::Sections(&["accounts.post"]), &wrong_elsewhere), "usable", "half a name is none");
    assert_eq!(told(Uses::Sections(&["admin"]), &wrong_elsewhere), "usable");
}

#[test]
fn a_command_that_misses_nothing_is_told_what_is_given_wrong() {
    let nothing = told(Uses::WhatIsGiven, &[]);
    let wrong = told(Uses::WhatIsGiven, &[("FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE", "0")]);

    assert_eq!(nothing, "usable");
    assert!(wrong.starts_with("FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE  found 0"), "{wrong}");
}

#[test]
fn a_name_that_nobody_knows_is_told_to_every_command() {
    let misspelt = [("FAIRLEAD__ADMIN__LISTN", "[::]:8081")];

    for uses in [Uses::WhatIsGiven, Uses::Sections(&["admin"])] {
        assert!(told(uses, &misspelt).contains("did you mean FAIRLEAD__ADMIN__LISTEN?"), "{uses:?}");
    }
}
