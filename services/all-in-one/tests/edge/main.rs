//! The real Envoy, with the configuration that is shipped, in front of the real services.

mod addresses;
mod backend;
mod browser;
mod envoy;
mod grpc;
mod house;
mod http;
mod http2;
mod identity;
mod json;
mod methods;
mod outage;
mod pages;
mod paths;
mod rotation;
mod uploads;
