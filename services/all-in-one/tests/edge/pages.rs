//! Long messages in JSON, which are held whole while they are turned.

use serde_json::json;

use crate::{house::shared, http::send};

/// What a stream over HTTP/2 holds unless it is told otherwise; over HTTP/1.1 it is half of that.
const WINDOW: usize = 64 * 1024;

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_long_page_comes_whole() {
    shared(async |house| {
        let guest = house.guest("rix@example.com").await;
        let bearer = guest.bearer();
        let headers = [("authorization", &*bearer)];
        let name = "\u{1f6a2}".repeat(255);
        for _ in 0..100 {
            let upload = json!({"upload": {"fileName": name, "size": "1"}});
            let created = house.post("/v1/uploads", &headers, &upload).await;
            assert_eq!(created.status, 200, "{}", created.text());
        }

        let default = house.send("GET", "/v1/uploads", &headers).await;
        let long = house.send("GET", "/v1/uploads?page_size=1000", &headers).await;

        for (page, entries, held) in [(default, 50, WINDOW / 2), (long, 100, WINDOW)] {
            assert_eq!(page.status, 200, "{}", page.text());
            assert!(page.body.len() > held, "{} bytes are no long page", page.body.len());
            let uploads = page.json()["uploads"].clone();
            let names = uploads.as_array().unwrap().iter().filter(|upload| upload["fileName"] == name);
            assert_eq!(names.count(), entries);
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_message_may_be_as_long_as_its_method_takes_however_it_is_spelt() {
    shared(async |house| {
        let guest = house.guest("sol@example.com").await;
        let bearer = guest.bearer();
        let headers = [("authorization", &*bearer), ("content-type", "application/json")];
        // The longest that accounts reads: what it says of it shows that it has read it.
        let signs = 16_000;
        let update = async |body: String| {
            let path = format!("{}?updateMask=displayName", guest.path());
            send(house.address(), "PATCH", &path, &headers, body.as_bytes()).await
        };

        let longest = update(format!(r#"{{"displayName":"{}"}}"#, r"\u0041".repeat(signs))).await;
        let longer = update(format!(r#"{{"displayName":"{}"}}"#, "a".repeat(130_000))).await;

        let field = longest.json()["details"][1]["fieldViolations"][0]["field"].clone();
        assert_eq!((longest.status, field), (400, json!("account.display_name")), "{}", longest.text());
        assert_eq!((longer.status, &*longer.reason()), (429, "MESSAGE_TOO_LARGE"), "{}", longer.text());
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn nobody_has_a_long_message_held() {
    shared(async |house| {
        let guest = house.guest("tom@example.com").await;
        let bearer = guest.bearer();
        let headers = [("authorization", &*bearer), ("content-type", "application/json")];
        let message = format!(r#"{{"email":"{}"#, "a".repeat(140_000));

        for (verb, path) in [
            ("POST", "/v1/accounts"),
            ("POST", "/v1/sessions"),
            ("POST", "/v1/sessions:validate"),
            ("POST", "/v1/sessions:refresh"),
            ("POST", "/v1/uploads"),
            ("PATCH", &guest.path()),
            ("POST", "/v1/nothing"),
        ] {
            let reply = send(house.address(), verb, path, &headers, message.as_bytes()).await;
            assert_eq!(reply.status, 413, "{verb} {path}: {}", reply.text());
        }
    });
}
