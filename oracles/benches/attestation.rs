//! `cargo bench -p attestry-oracles`: what an attestation costs, as ratios to the primitives it cannot do without,
//! measured in turns within one run so that a drifting machine drifts for all of them alike.
//!
//! `-- --in-process` leaves the server out; `-- --requests N` sets how many it gets (100,000).

use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use attestry_evidence::dcap::{Quote, Staleness, appraise};
use attestry_oracles::load::{self, Plan, Report};
use attestry_oracles::measure::{Limits, ROUNDS, median, microseconds_each};
use attestry_oracles::minted::World;
use attestry_oracles::primitives::Primitives;
use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::verify::QuoteVerifier;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

fn run(arguments: &[String]) -> Result<bool, String> {
    let (world, primitives) = (World::new()?, Primitives::new()?);
    let mut limits = Limits::default();
    let in_process = in_process(&world, &primitives, &mut limits)?;
    if !arguments.iter().any(|argument| argument == "--in-process") {
        let requests = arguments
            .iter()
            .skip_while(|argument| *argument != "--requests")
            .nth(1);
        let requests = requests
            .map_or(Ok(100_000), |number| number.parse())
            .map_err(|_| "--requests takes a number")?;
        over_https(in_process, requests, &mut limits)?;
    }
    Ok(limits.kept)
}

/// Returns the microseconds from request to token in process while every core is at it.
fn in_process(world: &World, primitives: &Primitives, limits: &mut Limits) -> Result<f64, String> {
    let collateral = peer_collateral(world)?;
    let peer = QuoteVerifier::new(world.root_der.clone());
    let now = u64::try_from(world.now.seconds()).map_err(|error| error.to_string())?;
    world.attest().map_err(|error| error.to_string())?;
    peer.verify(&world.quote, &collateral, now)
        .map_err(|error| format!("dcap-qvl refuses: {error:#}"))?;

    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(Round {
            verifications: microseconds_each(&|| assert!(primitives.verify_twice())),
            signature: microseconds_each(&|| assert!(primitives.sign_token())),
            appraisal: microseconds_each(&|| assert!(warm_appraisal(world))),
            token: microseconds_each(&|| assert!(world.attest().is_ok())),
            peer: microseconds_each(&|| assert!(peer.verify(&world.quote, &collateral, now).is_ok())),
        });
    }
    let median_of = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value).collect());
    println!("in process, processor time of one thread, medians of {ROUNDS} interleaved rounds:");
    let line =
        |name: &str, value: &dyn Fn(&Round) -> f64| println!("  {name:<66} {:>6.0} us", median_of(value));
    line("two ECDSA P-256 verifications", &|round| round.verifications);
    line("one RSA-2048 signature", &|round| round.signature);
    line(
        "warm SGX appraisal (parse, cached chain and collateral, appraise)",
        &|round| round.appraisal,
    );
    line("request body to token", &|round| round.token);
    line("dcap-qvl 0.7.1, full verification", &|round| round.peer);
    println!("ratios:");
    let warm = median_of(&|round| round.appraisal / round.verifications);
    limits.at_most("warm appraisal / two verifications", warm, 1.15);
    let token = median_of(&|round| round.token / (round.verifications + round.signature));
    limits.at_most("request to token / (two verifications + signature)", token, 1.15);
    limits.at_least(
        "dcap-qvl / warm appraisal",
        median_of(&|round| round.peer / round.appraisal),
        4.0,
    );
    let beside = beside_another(world);
    println!(
        "  {:<66} {beside:>6.0} us",
        "request body to token, every core at it as in a busy server"
    );
    Ok(beside)
}

/// The processor time of one attestation while every other core attests too: cores share caches and execution units,
/// and a server under load never has a core for itself.
fn beside_another(world: &World) -> f64 {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 1..cores {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert!(world.attest().is_ok());
                }
            });
        }
        let rounds = (0..ROUNDS)
            .map(|_| microseconds_each(&|| assert!(world.attest().is_ok())))
            .collect();
        done.store(true, Ordering::Relaxed);
        median(rounds)
    })
}

/// Microseconds of each piece of work, measured one after the other.
struct Round {
    verifications: f64,
    signature: f64,
    appraisal: f64,
    token: f64,
    peer: f64,
}

fn warm_appraisal(world: &World) -> bool {
    let Ok(quote) = Quote::parse(black_box(&world.quote)) else {
        return false;
    };
    let Ok(pck) = world.pck_cache.verify(&quote.certification_data(), world.now) else {
        return false;
    };
    appraise(&quote, &pck, &world.collateral, world.now, Staleness::Strict).is_ok()
}

/// The minted collateral in the peer's type.
fn peer_collateral(world: &World) -> Result<QuoteCollateralV3, String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string());
    let signature = |hex: String| attestry_api::hex::decode(&hex).ok_or("signature is not hexadecimal");
    let (tcb_info, tcb_info_signature) = attestry_forge::intel::split_envelope(&world.documents.tcb_info);
    let (qe_identity, qe_identity_signature) =
        attestry_forge::intel::split_envelope(&world.documents.qe_identity);
    Ok(QuoteCollateralV3 {
        pck_crl_issuer_chain: text(&world.documents.pck_crl_issuer_chain)?,
        root_ca_crl: world.documents.root_ca_crl.clone(),
        pck_crl: world.documents.pck_crl.clone(),
        tcb_info_issuer_chain: text(&world.documents.tcb_info_issuer_chain)?,
        tcb_info,
        tcb_info_signature: signature(tcb_info_signature)?,
        qe_identity_issuer_chain: text(&world.documents.qe_identity_issuer_chain)?,
        qe_identity,
        qe_identity_signature: signature(qe_identity_signature)?,
        pck_certificate_chain: None,
    })
}

fn over_https(in_process: f64, requests: u64, limits: &mut Limits) -> Result<(), String> {
    let server = DevelopmentServer::start()?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let plan = |clients, rate, count| Plan {
        endpoint: server.endpoint.clone(),
        ca: server.ca.clone(),
        clients,
        rate,
        count,
        pid: Some(server.process.id()),
    };
    // Connections, the platform's chain and collateral are warm after this.
    runtime.block_on(load::run(&plan(4, 0, 500)))?;

    println!("over HTTPS keep-alive, 64 clients, closed loop:");
    let closed = runtime.block_on(load::run(&plan(64, 0, requests)))?;
    indented(&closed);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate of some hundreds"
    )]
    let half = (closed.throughput() / 2.0) as u64;
    println!("over HTTPS keep-alive, 64 clients, open loop at half of that ({half}/s):");
    let open = runtime.block_on(load::run(&plan(64, half.max(1), half.max(1) * 20)))?;
    indented(&open);

    println!("ratios:");
    let each = closed.server_cpu_each().ok_or("no CPU time of the server")?;
    limits.at_most(
        "server CPU each over HTTPS / request to token in process, cores busy",
        each / in_process,
        1.3,
    );
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let (failures, resident) = (
        (closed.failures + open.failures) as f64,
        closed
            .server_resident_kib
            .max(open.server_resident_kib)
            .unwrap_or(u64::MAX) as f64
            / 1024.0,
    );
    limits.at_most("failed requests", failures, 0.0);
    limits.at_most("resident memory of the server, MiB", resident, 64.0);
    Ok(())
}

fn indented(report: &Report) {
    for line in report.lines() {
        println!("  {line}");
    }
}

/// `attestry serve --dev`, built as users build it, in a directory of its own.
struct DevelopmentServer {
    process: Child,
    endpoint: String,
    ca: Vec<u8>,
    data: PathBuf,
}

impl DevelopmentServer {
    fn start() -> Result<Self, String> {
        let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let built = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--quiet", "--release", "-p", "attestry-cli"])
            .current_dir(&workspace)
            .status();
        if !built.is_ok_and(|status| status.success()) {
            return Err("the server does not build".to_owned());
        }
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
        let data = std::env::temp_dir().join(format!("attestry-bench-{}", std::process::id()));
        let mut process = Command::new(target.join("release/attestry"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("the server does not start: {error}"))?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(|error| error.to_string())?;
        }
        let endpoint = line
            .trim()
            .strip_prefix("listening on ")
            .ok_or_else(|| format!("the server says `{line}`"))?;
        let ca = std::fs::read(data.join("tls/ca.pem")).map_err(|error| error.to_string())?;
        Ok(Self {
            process,
            endpoint: endpoint.to_owned(),
            ca,
            data,
        })
    }
}

impl Drop for DevelopmentServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}
