//! The objects that are compared: applications of five objects each, forty to a namespace, a file for each application.

use std::fmt::Write as _;
use std::path::Path;

/// Applications in one namespace.
const APPS_A_NAMESPACE: usize = 40;
/// Objects of one application.
const OBJECTS_AN_APP: usize = 5;

/// One manifest and where the server keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    /// Path of the object below the server's URL.
    pub(crate) path: String,
    /// The manifest as YAML.
    pub(crate) yaml: String,
}

/// A set of a given size. A larger one holds all objects of a smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Workload {
    apps: usize,
}

/// The collections that hold a workload's objects.
pub(crate) const COLLECTIONS: [&str; 6] = [
    "/api/v1/namespaces",
    "/api/v1/configmaps",
    "/api/v1/serviceaccounts",
    "/api/v1/services",
    "/apis/apps/v1/deployments",
    "/apis/networking.k8s.io/v1/ingresses",
];

impl Workload {
    /// About `objects` objects: a fifth as many applications, and their namespaces.
    pub(crate) fn of(objects: usize) -> Self {
        Self { apps: objects / OBJECTS_AN_APP }
    }

    /// How many objects it has.
    pub(crate) fn objects(self) -> usize {
        self.apps * OBJECTS_AN_APP + self.namespaces()
    }

    fn namespaces(self) -> usize {
        self.apps.div_ceil(APPS_A_NAMESPACE)
    }

    /// Its namespaces, which have to be there before anything else.
    pub(crate) fn namespace_manifests(self) -> Vec<Manifest> {
        (0..self.namespaces()).map(namespace).collect()
    }

    /// All other objects.
    pub(crate) fn manifests(self) -> Vec<Manifest> {
        (0..self.apps).flat_map(app).collect()
    }

    /// One object in twenty, and what somebody made of it.
    pub(crate) fn edits(self) -> Vec<(Manifest, &'static str)> {
        let edited = (0..self.apps).step_by(4).map(|number| {
            let [_, config, service, deployment, _] = app(number);
            match (number / 4) % 3 {
                0 => (deployment, r#"{"spec":{"replicas":9}}"#),
                1 => (config, r#"{"data":{"LOG_LEVEL":"trace"}}"#),
                _ => (service, r#"{"metadata":{"labels":{"tier":"edited"}}}"#),
            }
        });
        edited.collect()
    }

    /// Writes one file for each namespace and one for each application.
    pub(crate) fn write(self, directory: &Path) -> std::io::Result<u64> {
        let mut bytes = 0;
        let mut write = |name: String, text: String| {
            bytes += text.len() as u64;
            std::fs::write(directory.join(name), text)
        };
        for (number, manifest) in self.namespace_manifests().into_iter().enumerate() {
            write(format!("namespace-{number:03}.yaml"), manifest.yaml)?;
        }
        for number in 0..self.apps {
            let documents: Vec<String> = app(number).into_iter().map(|manifest| manifest.yaml).collect();
            write(format!("app-{number:05}.yaml"), documents.join("---\n"))?;
        }
        Ok(bytes)
    }
}

fn namespace(number: usize) -> Manifest {
    let name = format!("team-{number:03}");
    Manifest {
        path: format!("/api/v1/namespaces/{name}"),
        yaml: format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    team: {name}\n"
        ),
    }
}

fn app(number: usize) -> [Manifest; OBJECTS_AN_APP] {
    let namespace = format!("team-{:03}", number / APPS_A_NAMESPACE);
    let name = format!("app-{number:05}");
    let metadata = format!(
        "metadata:\n  name: {name}\n  namespace: {namespace}\n  labels:\n    app: {name}\n    tier: backend\n"
    );
    let manifest = |group: &str, plural: &str, kind: &str, api_version: &str, rest: String| Manifest {
        path: format!("{group}/namespaces/{namespace}/{plural}/{name}"),
        yaml: format!("apiVersion: {api_version}\nkind: {kind}\n{metadata}{rest}"),
    };
    [
        manifest("/api/v1", "serviceaccounts", "ServiceAccount", "v1", String::new()),
        manifest("/api/v1", "configmaps", "ConfigMap", "v1", config(number)),
        manifest("/api/v1", "services", "Service", "v1", service(&name)),
        manifest("/apis/apps/v1", "deployments", "Deployment", "apps/v1", deployment(&name, number)),
        manifest(
            "/apis/networking.k8s.io/v1",
            "ingresses",
            "Ingress",
            "networking.k8s.io/v1",
            ingress(&name),
        ),
    ]
}

fn config(number: usize) -> String {
    let mut text = String::from("data:\n  LOG_LEVEL: info\n  application.properties: |\n");
    for line in 0..8 {
        let _ = writeln!(text, "    setting.{line}.of.the.application={}", number * 31 + line);
    }
    text
}

fn service(name: &str) -> String {
    format!(
        "spec:\n  selector:\n    app: {name}\n  ports:\n  - name: http\n    port: 80\n    targetPort: 8080\n  \
         - name: metrics\n    port: 9090\n    targetPort: metrics\n"
    )
}

fn deployment(name: &str, number: usize) -> String {
    format!(
        "spec:
  replicas: 2
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
      annotations:
        prometheus.io/scrape: \"true\"
    spec:
      serviceAccountName: {name}
      securityContext:
        runAsNonRoot: true
      containers:
      - name: main
        image: registry.example/team/{name}:1.{number}.0
        args: [--listen=:8080, --config=/etc/app/application.properties]
        ports:
        - name: http
          containerPort: 8080
        - name: metrics
          containerPort: 9090
        env:
        - name: LOG_LEVEL
          valueFrom:
            configMapKeyRef:
              name: {name}
              key: LOG_LEVEL
        - name: REGION
          value: eu-west-1
        resources:
          requests:
            cpu: 100m
            memory: 128Mi
          limits:
            memory: 256Mi
        readinessProbe:
          httpGet:
            path: /ready
            port: http
        volumeMounts:
        - name: config
          mountPath: /etc/app
      volumes:
      - name: config
        configMap:
          name: {name}
"
    )
}

fn ingress(name: &str) -> String {
    format!(
        "spec:
  ingressClassName: nginx
  rules:
  - host: {name}.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: {name}
            port:
              name: http
"
    )
}
